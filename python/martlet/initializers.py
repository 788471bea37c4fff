"""How weights start.

Layers take an initializer by name (``"he_normal"``) or as an object of one of these classes. An
object draws the same values each time it is used: give each layer its own.
"""

from __future__ import annotations

from typing import Any

from . import _native
from ._errors import refuse, unknown_name


class Initializer:
    """What all initializers have in common."""

    def __init__(self, **arguments: Any) -> None:
        self._arguments = arguments

    def get_config(self) -> dict[str, Any]:
        """The arguments by name."""
        return dict(self._arguments)

    def _encoded(self) -> dict[str, Any]:
        return {"class_name": type(self).__name__, "config": self.get_config()}

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{key}={value!r}" for key, value in self._arguments.items() if value is not None
        )
        return f"{type(self).__name__}({shown})"


class _Random(Initializer):
    """Draws a seed when it is made, unless one is given."""

    def __init__(self, seed: int | None = None, **arguments: Any) -> None:
        super().__init__(**arguments, seed=seed)
        # As many bits as every JSON reader keeps.
        self.seed = seed if seed is not None else _native.next_random_seed() % 2**53

    def _encoded(self) -> dict[str, Any]:
        return {"class_name": type(self).__name__, "config": {**self._arguments, "seed": self.seed}}


class _Scaled(_Random):
    def __init__(
        self, seed: int | None = None, input_axes: Any = None, output_axes: Any = None
    ) -> None:
        refuse(type(self).__name__, input_axes=input_axes, output_axes=output_axes)
        super().__init__(seed)


class GlorotUniform(_Scaled):
    """Uniform within ``±sqrt(6 / (fan_in + fan_out))``, as of Glorot and Bengio 2010.

    Parameters
    ----------
    seed
        Fixes the values; None draws one when the object is made.
    input_axes, output_axes
        Not supported yet.
    """


class HeNormal(_Scaled):
    """Normal with deviation ``sqrt(2 / fan_in)``, cut at two deviations, as of He et al. 2015.

    Parameters
    ----------
    seed
        Fixes the values; None draws one when the object is made.
    input_axes, output_axes
        Not supported yet.
    """


class GlorotNormal(_Scaled):
    """Normal with deviation ``sqrt(2 / (fan_in + fan_out))``, cut at two deviations.

    Parameters
    ----------
    seed
        Fixes the values; None draws one when the object is made.
    input_axes, output_axes
        Not supported yet.
    """


class HeUniform(_Scaled):
    """Uniform within ``±sqrt(6 / fan_in)``, as of He et al. 2015.

    Parameters
    ----------
    seed
        Fixes the values; None draws one when the object is made.
    input_axes, output_axes
        Not supported yet.
    """


class LecunNormal(_Scaled):
    """Normal with deviation ``sqrt(1 / fan_in)``, cut at two deviations.

    Parameters
    ----------
    seed
        Fixes the values; None draws one when the object is made.
    input_axes, output_axes
        Not supported yet.
    """


class LecunUniform(_Scaled):
    """Uniform within ``±sqrt(3 / fan_in)``.

    Parameters
    ----------
    seed
        Fixes the values; None draws one when the object is made.
    input_axes, output_axes
        Not supported yet.
    """


class VarianceScaling(_Random):
    """Values whose variance is ``scale / fan``.

    Parameters
    ----------
    scale
        Above 0.
    mode
        The fan: ``"fan_in"``, ``"fan_out"``, or ``"fan_avg"`` for the mean of both.
    distribution
        ``"truncated_normal"``, cut at two deviations, ``"untruncated_normal"`` or ``"uniform"``.
    seed
        Fixes the values; None draws one when the object is made.
    input_axes, output_axes
        Not supported yet.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        input_axes: Any = None,
        output_axes: Any = None,
    ) -> None:
        refuse("VarianceScaling", input_axes=input_axes, output_axes=output_axes)
        super().__init__(seed, scale=scale, mode=mode, distribution=distribution)


class TruncatedNormal(_Random):
    """Normal, where values beyond two deviations are drawn again.

    Parameters
    ----------
    mean, stddev
        Of the distribution before that.
    seed
        Fixes the values; None draws one when the object is made.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed, mean=mean, stddev=stddev)


class RandomNormal(_Random):
    """Normal.

    Parameters
    ----------
    mean, stddev
        Of the distribution.
    seed
        Fixes the values; None draws one when the object is made.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed, mean=mean, stddev=stddev)


class RandomUniform(_Random):
    """Uniform.

    Parameters
    ----------
    minval, maxval
        Bounds.
    seed
        Fixes the values; None draws one when the object is made.
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed, minval=minval, maxval=maxval)


class Zeros(Initializer):
    """All 0."""


class Ones(Initializer):
    """All 1."""


class Constant(Initializer):
    """All one value.

    Parameters
    ----------
    value
        The value.
    """

    def __init__(self, value: float = 0.0) -> None:
        super().__init__(value=value)


# Keras's second names.
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

_CLASSES = {
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
    "lecun_normal": LecunNormal,
    "lecun_uniform": LecunUniform,
    "variance_scaling": VarianceScaling,
    "truncated_normal": TruncatedNormal,
    "random_normal": RandomNormal,
    "random_uniform": RandomUniform,
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
}


def get(identifier: str | Initializer | type[Initializer]) -> Initializer:
    """The initializer of a name; objects are handed back.

    Raises
    ------
    ValueError
        If the name is unknown; the message suggests the nearest one.
    """
    if isinstance(identifier, Initializer):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    classes = {each.__name__: each for each in _CLASSES.values()}
    for known in (_CLASSES, classes):
        if identifier in known:
            return known[identifier]()
    raise unknown_name("initializer", identifier, _CLASSES)
