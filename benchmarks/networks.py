"""The reference networks: what they are, and how many operations they take.

A network is a tuple of layers as plain data, so that each library builds it in its own words from
one description, and shapes, operation counts and layouts follow from the same one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Shape = tuple[int, ...]

CLASSES = 10


@dataclass(frozen=True)
class Convolution:
    """Two-dimensional; `padding` is Keras's ``"valid"`` or ``"same"``, `activation` ReLU if any."""

    filters: int
    size: int
    padding: str = "valid"
    stride: int = 1
    activation: str | None = "relu"
    bias: bool = True


@dataclass(frozen=True)
class Depthwise:
    """One filter for each channel, without bias; `padding` is ``"same"``."""

    size: int
    stride: int = 1
    padding: str = "same"


@dataclass(frozen=True)
class Normalization:
    """Batch normalization with Keras's defaults: momentum 0.99, epsilon 1e-3."""


@dataclass(frozen=True)
class Relu:
    """max(x, 0), where it does not belong to the layer before; at most `most`, if given."""

    most: float | None = None


@dataclass(frozen=True)
class Pooling:
    """The largest of `size` x `size`, stride 2. Without padding an odd last row is left out."""

    size: int = 2
    padding: str = "valid"
    stride: int = 2


@dataclass(frozen=True)
class GlobalPooling:
    """The mean of each channel."""


@dataclass(frozen=True)
class Flattening:
    """Rows, columns, channels in this order."""


@dataclass(frozen=True)
class Dense:
    """`activation` is ``"relu"``, or ``"softmax"`` in the last layer."""

    units: int
    activation: str = "relu"


@dataclass(frozen=True)
class Dropout:
    """Zeroes a share of the values in training."""

    rate: float


@dataclass(frozen=True)
class Residual:
    """relu(body(x) + shortcut(x)), or without relu; a shortcut without layers is x itself."""

    body: tuple[Layer, ...]
    shortcut: tuple[Layer, ...] = ()
    activation: str | None = "relu"


Layer = (
    Convolution
    | Depthwise
    | Normalization
    | Relu
    | Pooling
    | GlobalPooling
    | Flattening
    | Dense
    | Dropout
    | Residual
)


@dataclass(frozen=True)
class Network:
    """One reference network and the work it is timed on.

    Attributes
    ----------
    shape
        Of one sample: rows, columns, channels.
    batch
        Samples per step.
    batches
        Steps per epoch; enough that what happens once per epoch is little beside them.
    functional
        Whether Keras-like libraries build it as a functional model instead of a `Sequential`.
    predicted
        Samples per step of a prediction, if not as many as in training.
    large
        Whether hundreds of models would take hours: its memory over many is not measured.
    rate
        Adam's learning rate. Of the large ones it is that of fine-tuning: with 1e-3 a change of
        their input by 1e-7 shows as 1e-2 of the fall of the loss after three steps, so that no two
        libraries would agree; with 1e-4 as 2e-4.
    """

    name: str
    shape: Shape
    batch: int
    batches: int
    layers: tuple[Layer, ...]
    functional: bool = False
    predicted: int | None = None
    large: bool = False
    rate: float = 1e-3

    @property
    def samples(self) -> int:
        """Samples per epoch."""
        return self.batch * self.batches

    def data(self, samples: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """A pattern for each class among noise, the same for everybody.

        There is something to learn, so a side that does not train shows by its losses.

        Returns
        -------
        tuple of numpy.ndarray
            float32 images from 0 to 1, ``[samples, rows, columns, channels]``, and int32 labels.
        """
        random = np.random.default_rng(7)
        patterns = random.random((CLASSES, *self.shape), dtype=np.float32)
        count = self.samples if samples is None else samples
        labels = random.integers(0, CLASSES, count, dtype=np.int32)
        x = random.random((count, *self.shape), dtype=np.float32)
        # In place and piece by piece: the most memory of a process is measured, too.
        for start in range(0, count, self.batch):
            piece = slice(start, start + self.batch)
            x[piece] += patterns[labels[piece]]
        x /= 2
        return x, labels


class Step(NamedTuple):
    """A layer at its place in a network, with shapes without the axis of the samples."""

    name: str
    layer: Layer
    input: Shape
    output: Shape


def named(layers: tuple[Layer, ...], prefix: str = "") -> list[tuple[str, Layer]]:
    """Each layer with a name of its own, under which all sides know its weights.

    The layers within a residual block are named with ``prefix`` `inside`.
    """
    return [
        (f"{prefix}{type(layer).__name__.lower()}{index}", layer)
        for index, layer in enumerate(layers)
    ]


def inside(name: str, branch: str) -> str:
    """The prefix of the layers in a branch, ``"body"`` or ``"shortcut"``, of a residual block."""
    return f"{name}_{branch}_"


def trace(layers: tuple[Layer, ...], shape: Shape, prefix: str = "") -> Iterator[Step]:
    """All layers in the order in which they compute; a residual block comes after its own."""
    for name, layer in named(layers, prefix):
        if isinstance(layer, Residual):
            yield from trace(layer.shortcut, shape, inside(name, "shortcut"))
            body = list(trace(layer.body, shape, inside(name, "body")))
            yield from body
            output = body[-1].output
        else:
            output = output_shape(layer, shape)
        yield Step(name, layer, shape, output)
        shape = output


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """What one layer that is no residual block makes of one sample of a shape."""
    match layer:
        case Convolution() | Depthwise() | Pooling():
            rows, columns = (
                -(-extent // layer.stride)
                if layer.padding == "same"
                else (extent - layer.size) // layer.stride + 1
                for extent in shape[:2]
            )
            return rows, columns, getattr(layer, "filters", shape[2])
        case GlobalPooling():
            return shape[2:]
        case Flattening():
            return (int(np.prod(shape)),)
        case Dense():
            return (layer.units,)
        case _:
            return shape


def padding(layer: Convolution | Depthwise | Pooling, extent: int) -> tuple[int, int]:
    """Zeros before and after an axis of an image, as Keras and TensorFlow count them.

    Where their sum is odd the larger half comes after, which libraries whose padding is
    symmetric have to be told.
    """
    if layer.padding == "valid":
        return 0, 0
    covered = (-(-extent // layer.stride) - 1) * layer.stride + layer.size
    total = max(covered - extent, 0)
    return total // 2, total - total // 2


def forward_flops(network: Network) -> list[int]:
    """Operations of each convolution, depthwise or not, and dense layer for one sample, in order.

    A multiply-add counts as two, and a convolution as the direct sum that defines it: an algorithm
    that saves multiplications may come out above the processor's peak. Everything else (bias,
    activation, pooling, normalization) counts nothing.
    """
    counts = []
    for step in trace(network.layers, network.shape):
        match step.layer:
            case Convolution(size=size):
                counts.append(2 * int(np.prod(step.output)) * size * size * step.input[2])
            case Depthwise(size=size):
                counts.append(2 * int(np.prod(step.output)) * size * size)
            case Dense(units=units):
                counts.append(2 * step.input[0] * units)
    return counts


def flops(network: Network, mode: str) -> int:
    """Operations for one sample when training (``"fit"``) or predicting (any other mode).

    Training is the forward pass, the gradients of the weights and those of the inputs, which are
    equal in count; nobody needs the gradient of the first layer's input.
    """
    counts = forward_flops(network)
    return 3 * sum(counts) - counts[0] if mode == "fit" else sum(counts)


def _block(filters: int, stride: int, widens: bool) -> Residual:
    """The basic block of He et al. 2016, arXiv:1512.03385, projecting where shapes change."""

    def convolution(size: int, stride: int) -> Convolution:
        # The normalization that follows takes any bias away again.
        return Convolution(filters, size, "same", stride, activation=None, bias=False)

    body = (
        convolution(3, stride),
        Normalization(),
        Relu(),
        convolution(3, 1),
        Normalization(),
    )
    return Residual(body, (convolution(1, stride), Normalization()) if widens else ())


def _resnet20() -> tuple[Layer, ...]:
    blocks = (
        _block(filters, stride=2 if first and stage else 1, widens=bool(first and stage))
        for stage, filters in enumerate((16, 32, 64))
        for first in (True, False, False)
    )
    stem = (Convolution(16, 3, "same", activation=None, bias=False), Normalization(), Relu())
    return (*stem, *blocks, GlobalPooling(), Dense(CLASSES, "softmax"))


def _normalized(filters: int, size: int, stride: int = 1) -> tuple[Layer, ...]:
    convolution = Convolution(filters, size, "same", stride, activation=None, bias=False)
    return convolution, Normalization()


def _resnet50() -> tuple[Layer, ...]:
    """Bottlenecks of He et al. 2016, the stride in the first 1x1 as in their paper and in Keras."""

    def block(filters: int, stride: int, widens: bool) -> Residual:
        body = (
            *_normalized(filters, 1, stride),
            Relu(),
            *_normalized(filters, 3),
            Relu(),
            *_normalized(4 * filters, 1),
        )
        return Residual(body, _normalized(4 * filters, 1, stride) if widens else ())

    blocks = (
        block(filters, stride=2 if index == 0 and stage else 1, widens=index == 0)
        for stage, (filters, count) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)))
        for index in range(count)
    )
    stem = (*_normalized(64, 7, 2), Relu(), Pooling(3, "same"))
    return (*stem, *blocks, GlobalPooling(), Dense(CLASSES, "softmax"))


def _mobilenet_v2() -> tuple[Layer, ...]:
    """Inverted residuals of Sandler et al. 2018, arXiv:1801.04381, table 2."""

    def block(inputs: int, filters: int, stride: int, factor: int) -> tuple[Layer, ...]:
        widening = (*_normalized(factor * inputs, 1), Relu(6.0)) if factor > 1 else ()
        body = (
            *widening,
            Depthwise(3, stride),
            Normalization(),
            Relu(6.0),
            *_normalized(filters, 1),
        )
        return (Residual(body, activation=None),) if stride == 1 and inputs == filters else body

    layers = [*_normalized(32, 3, 2), Relu(6.0)]
    inputs = 32
    for factor, filters, count, stride in (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ):
        for index in range(count):
            layers += block(inputs, filters, stride if index == 0 else 1, factor)
            inputs = filters
    head = (*_normalized(1280, 1), Relu(6.0), GlobalPooling(), Dense(CLASSES, "softmax"))
    return (*layers, *head)


def _vgg_small() -> tuple[Layer, ...]:
    stages = (
        (Convolution(filters, 3, "same"), Convolution(filters, 3, "same"), Pooling())
        for filters in (64, 128, 256)
    )
    flat = tuple(layer for stage in stages for layer in stage)
    return (*flat, Flattening(), Dense(256), Dropout(0.5), Dense(CLASSES, "softmax"))


NETWORKS = {
    network.name: network
    for network in (
        Network(
            "mlp",
            (28, 28, 1),
            batch=64,
            batches=200,
            layers=(Flattening(), Dense(64), Dense(128), Dense(CLASSES, "softmax")),
        ),
        Network(
            "cnn_seq",
            (28, 28, 1),
            batch=32,
            batches=100,
            layers=(
                Convolution(32, 3),
                Pooling(),
                Convolution(64, 3),
                Pooling(),
                Flattening(),
                Dense(128),
                Dense(CLASSES, "softmax"),
            ),
        ),
        Network(
            "cnn_fun",
            (28, 28, 1),
            batch=64,
            batches=40,
            layers=(
                Convolution(16, 3, "same"),
                Convolution(32, 4, "same"),
                Convolution(64, 4),
                Pooling(),
                Dropout(0.25),
                Flattening(),
                Dense(50),
                Dense(20),
                Dense(CLASSES, "softmax"),
            ),
            functional=True,
        ),
        Network("resnet20", (32, 32, 3), batch=128, batches=6, layers=_resnet20(), functional=True),
        Network("vgg_small", (32, 32, 3), batch=64, batches=6, layers=_vgg_small()),
        *(
            Network(
                name,
                (224, 224, 3),
                batch=16,
                batches=2,
                layers=layers,
                functional=True,
                predicted=8,
                large=True,
                rate=1e-4,
            )
            for name, layers in (("resnet50", _resnet50()), ("mobilenet_v2", _mobilenet_v2()))
        ),
    )
}
