"""What all networks have in common: how images enter, and what becomes of the features."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from .._errors import nearest_name, unknown_name
from ..layers import Dense, Dropout, GlobalAveragePooling2D, GlobalMaxPooling2D, Input
from ..layers._symbol import KerasTensor
from ..models import Model
from ._parts import channels_last
from ._published import Pair

CLASSES_OF_IMAGENET = 1000


class Names(NamedTuple):
    """What the pooling layers are called in a network without top; None for automatic names."""

    average: str | None
    largest: str | None


USUAL = Names("avg_pool", "max_pool")
AUTOMATIC = Names(None, None)


@dataclass(frozen=True)
class Ends:
    """The arguments that every network takes, checked; see :mod:`martlet.applications`."""

    owner: str
    include_top: bool
    weights: str | os.PathLike[str] | None
    input_tensor: KerasTensor | None
    input_shape: Sequence[int | None] | None
    pooling: str | None
    classes: int
    classifier_activation: Any

    def __post_init__(self) -> None:
        self._check_weights()
        if not self.include_top and self.pooling not in (None, "avg", "max"):
            raise unknown_name(f"pooling of {self.owner}", self.pooling, ("avg", "max"))
        if self.input_tensor is not None and not isinstance(self.input_tensor, KerasTensor):
            raise TypeError(
                f"{self.owner}: input_tensor must be a symbol, such as Input((224, 224, 3)), got "
                f"{type(self.input_tensor).__name__}"
            )
        if not self.include_top or self.weights is None:
            return
        if self.from_imagenet and self.classes != CLASSES_OF_IMAGENET:
            raise ValueError(
                f"{self.owner}: the weights of ImageNet tell {CLASSES_OF_IMAGENET} classes apart, "
                f"got classes={self.classes}; take include_top=False and put a Dense of your own "
                "on it, or weights=None"
            )
        activation = self.classifier_activation
        if getattr(activation, "__name__", activation) not in (None, "softmax", "linear"):
            raise ValueError(
                f"{self.owner}: with stored weights classifier_activation must be 'softmax' or "
                f"None, got {activation!r}"
            )

    def _check_weights(self) -> None:
        if self.weights is None or self.from_imagenet or os.path.exists(self.weights):
            return
        given = os.fspath(self.weights)
        near = nearest_name(given, ["imagenet"])
        hint = f"; did you mean {near!r}?" if near else ""
        raise ValueError(
            f"{self.owner}: weights must be None, 'imagenet' or the path of a file, got {given!r}, "
            f"and there is no such file{hint}"
        )

    @property
    def from_imagenet(self) -> bool:
        """Whether the published weights are asked for."""
        return self.weights == "imagenet"

    # ---- Where images enter ------------------------------------------------------------------

    def image(self, size: int, smallest: int) -> KerasTensor:
        """The symbol that the network begins with.

        Parameters
        ----------
        size
            Height and width where the user gives none and there is a top.
        smallest
            Height and width that the network needs at least.
        """
        if self.input_tensor is None:
            return Input(self.shape(size, smallest))
        own = self.input_tensor.shape[1:]
        if self.input_shape is not None and tuple(self.input_shape) != own:
            raise ValueError(
                f"{self.owner}: input_shape={tuple(self.input_shape)}, but input_tensor has the "
                f"shape {own}; leave input_shape out"
            )
        self._check_shape(own, size, smallest)
        return self.input_tensor

    def shape(self, size: int, smallest: int) -> tuple[int | None, ...]:
        """Shape of one image, None for what is left open."""
        if self.input_shape is None:
            return _shape_of(size, size, 3) if self.include_top else _shape_of(None, None, 3)
        shape = tuple(self.input_shape)
        self._check_shape(shape, size, smallest)
        return shape

    def _check_shape(self, shape: tuple[int | None, ...], size: int, smallest: int) -> None:
        what = f"{self.owner}: input_shape={shape}"
        if len(shape) != 3:
            raise ValueError(
                f"{what}: expected three numbers, such as {_shape_of(size, size, 3)}, without the "
                "samples' axis"
            )
        height, width, channels = _extents(shape)
        if channels is None:
            raise ValueError(f"{what}: the number of channels must be known")
        if None in shape and self.include_top:
            raise ValueError(
                f"{what}: a network with its top is for one size of images, such as "
                f"{_shape_of(size, size, 3)}; any size goes with include_top=False"
            )
        if any(extent is not None and extent < smallest for extent in (height, width)):
            raise ValueError(
                f"{what}: images must be at least {smallest} × {smallest}; Resizing enlarges them"
            )
        if not self.from_imagenet:
            return
        if channels != 3:
            raise ValueError(
                f"{what}: the weights of ImageNet are for 3 channels; repeat a grey one with "
                "Concatenate()([x, x, x]), or take weights=None"
            )
        if self.include_top and (height, width) != (size, size):
            raise ValueError(
                f"{what}: with include_top=True and the weights of ImageNet it must be "
                f"{_shape_of(size, size, 3)}; other sizes go with include_top=False"
            )

    def check_published(self, **arguments: tuple[Any, Collection[Any]]) -> None:
        """Refuses values for which there are no published weights, if these are asked for.

        Parameters
        ----------
        **arguments
            Value and known values of each.
        """
        for key, (value, known) in arguments.items():
            if self.from_imagenet and value not in known:
                raise ValueError(
                    f"{self.owner}: weights of ImageNet are published for {key} in "
                    f"{', '.join(map(str, known))}, got {key}={value!r}; weights=None takes any"
                )

    def published_size(self, sizes: Sequence[int]) -> int:
        """The size among those with published weights that images have; else the largest one."""
        tensor = self.input_tensor
        shape = self.input_shape if tensor is None else tensor.shape[1:]
        if shape is not None and len(shape) == 3:
            height, width, _ = _extents(shape)
            if height is not None and height == width and height in sizes:
                return height
        return max(sizes)

    # ---- What becomes of the features --------------------------------------------------------

    def head(
        self, x: KerasTensor, without_top: Names = USUAL, dropout: float = 0, **dense: Any
    ) -> KerasTensor:
        """The mean of each feature and a layer that tells classes; without top what is asked for.

        Parameters
        ----------
        x
            The features.
        without_top
            Names of the pooling layers there.
        dropout
            Share of the means that are dropped before the classes.
        **dense
            More arguments of the last layer.
        """
        if not self.include_top:
            return self.pooled(x, without_top)
        x = GlobalAveragePooling2D(name="avg_pool")(x)
        if dropout > 0:
            x = Dropout(dropout, name="top_dropout")(x)
        return self.classified(x, **dense)

    def pooled(self, x: KerasTensor, names: Names) -> KerasTensor:
        """The features of a network without top."""
        if self.pooling == "avg":
            return GlobalAveragePooling2D(name=names.average)(x)
        if self.pooling == "max":
            return GlobalMaxPooling2D(name=names.largest)(x)
        return x

    def classified(self, x: KerasTensor, **dense: Any) -> KerasTensor:
        """The layer that tells classes."""
        activation = self.classifier_activation
        return Dense(self.classes, activation=activation, name="predictions", **dense)(x)

    def model(self, outputs: KerasTensor, name: str | None, published: Pair) -> Model:
        """The network, with the weights that are asked for.

        Parameters
        ----------
        outputs
            Its last symbol.
        name
            Of the model.
        published
            The files of weights with and without top.
        """
        model = Model(_sources(outputs), outputs, name=name)
        if self.from_imagenet:
            model.load_weights(published[bool(self.include_top)].path())
        elif self.weights is not None:
            model.load_weights(self.weights)
        return model


# ---- Functions that make networks ------------------------------------------------------------


class Network(Protocol):
    """The signature that networks have; see :mod:`martlet.applications`."""

    def __call__(
        self,
        include_top: bool = True,
        weights: str | os.PathLike[str] | None = "imagenet",
        input_tensor: KerasTensor | None = None,
        input_shape: Sequence[int | None] | None = None,
        pooling: str | None = None,
        classes: int = CLASSES_OF_IMAGENET,
        classifier_activation: Any = "softmax",
        name: str | None = ...,
    ) -> Model:
        """A new model."""
        ...


def network(
    published: Pair, model_name: str | None = None
) -> Callable[[Callable[[Ends], KerasTensor]], Network]:
    """Makes a function of that signature of one that builds layers between the ends.

    Parameters
    ----------
    published
        The files of weights with and without top.
    model_name
        What the model is called if nothing else is said; None for the function's name in lower
        case.
    """

    def decorate(body: Callable[[Ends], KerasTensor]) -> Network:
        owner = body.__name__

        def make(
            include_top: bool = True,
            weights: str | os.PathLike[str] | None = "imagenet",
            input_tensor: KerasTensor | None = None,
            input_shape: Sequence[int | None] | None = None,
            pooling: str | None = None,
            classes: int = CLASSES_OF_IMAGENET,
            classifier_activation: Any = "softmax",
            name: str | None = model_name or owner.lower(),
        ) -> Model:
            ends = Ends(
                owner,
                include_top,
                weights,
                input_tensor,
                input_shape,
                pooling,
                classes,
                classifier_activation,
            )
            return ends.model(body(ends), name, published)

        make.__name__ = make.__qualname__ = owner
        make.__doc__, make.__module__ = body.__doc__, body.__module__
        return make

    return decorate


# ---- Small parts -----------------------------------------------------------------------------


def _shape_of(
    height: int | None, width: int | None, channels: int
) -> tuple[int | None, int | None, int | None]:
    return (height, width, channels) if channels_last() else (channels, height, width)


def _extents(shape: Sequence[Any]) -> tuple[int | None, int | None, int | None]:
    """Height, width and channels, None for what is left open."""
    first, second, third = shape
    return (first, second, third) if channels_last() else (second, third, first)


def _sources(symbol: KerasTensor) -> list[KerasTensor]:
    """The inputs that a symbol comes from, in the order in which they are met."""
    found: list[KerasTensor] = []
    seen: set[int] = set()
    waiting = [symbol]
    while waiting:
        symbol = waiting.pop()
        if id(symbol) in seen:
            continue
        seen.add(id(symbol))
        if not symbol._inputs:
            found.append(symbol)
        waiting.extend(reversed(symbol._inputs))
    return found
