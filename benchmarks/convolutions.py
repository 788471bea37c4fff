"""A sweep over convolutions: which sizes fall behind their neighbours, and behind PyTorch.

Every case is one layer. Martlet's times are those of the layer's own rows in `Model.profile`;
PyTorch's (channels last), where it is installed, of the module's forward pass, and of it together
with its backward pass for the gradients of input and weights. Both sides run on one thread, in
turns; figures are medians over the turns. A multiply-add counts as two operations, a training step
as three forward passes.

    python benchmarks/convolutions.py
    python benchmarks/convolutions.py --cases depthwise --turns 9
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# A case falls behind when it has less than this share of the median of those of its kind.
CLIFF = 0.5
# Batches in one turn of PyTorch; Martlet's profile has at least ten.
BATCHES = 10


@dataclass(frozen=True)
class Case:
    """One layer and its input: square images, and so many of them in a batch.

    Cases of the same `kind` are neighbours.
    """

    kind: str
    extent: int
    channels: int
    filters: int
    kernel: int = 3
    stride: int = 1
    dilation: int = 1
    groups: int = 1
    batch: int = 16

    @property
    def transposed(self) -> bool:
        """Whether it is a `Conv2DTranspose`."""
        return self.kind == "transposed"

    @property
    def depthwise(self) -> bool:
        """Whether it is a `DepthwiseConv2D`."""
        return self.kind.startswith("depthwise")

    @property
    def name(self) -> str:
        """What is special about it."""
        parts = [
            f"{self.extent}²",
            f"{self.channels}→{self.filters}",
            f"{self.kernel}x{self.kernel}",
        ]
        if self.stride > 1:
            parts.append(f"stride {self.stride}")
        if self.dilation > 1:
            parts.append(f"dilation {self.dilation}")
        if self.groups > 1 and not self.depthwise:
            parts.append(f"groups {self.groups}")
        return " ".join(parts)

    @property
    def operations(self) -> int:
        """Of the forward pass of a batch, by the direct sum."""
        # A transposed convolution multiplies at the points of its input.
        points = self.extent if self.transposed else -(-self.extent // self.stride)
        taps = self.kernel**2 * self.channels // self.groups
        return 2 * self.batch * points**2 * self.filters * taps


def _depthwise(kind: str, extent: int, channels: int, kernel: int, stride: int = 1) -> Case:
    return Case(kind, extent, channels, channels, kernel, stride, groups=channels)


CASES = [
    *(Case("plain", 28, each, each) for each in (8, 16, 24, 30, 31, 32, 33, 48, 64, 96)),
    *(Case("plain", each, 32, 32) for each in (5, 7, 13, 14, 27, 56)),
    *(Case("plain", 28, 32, 32, each) for each in (2, 4, 5, 7)),
    *(
        Case("pointwise", 28, a, b, 1)
        for a, b in ((16, 96), (24, 144), (33, 65), (96, 24), (64, 64))
    ),
    *(Case("pointwise", 7, a, b, 1) for a, b in ((320, 1280), (512, 512))),
    *(_depthwise("depthwise 3x3", 28, each, 3) for each in (3, 8, 16, 24, 33, 64, 144, 256)),
    *(_depthwise("depthwise 3x3", extent, each, 3) for extent, each in ((112, 32), (14, 512))),
    _depthwise("depthwise 3x3", 7, 960, 3),
    *(_depthwise("depthwise 3x3, stride 2", 28, each, 3, 2) for each in (8, 16, 24, 64, 144)),
    *(_depthwise("depthwise 5x5", 28, each, 5) for each in (8, 24, 40, 120)),
    *(_depthwise("depthwise 5x5, stride 2", 28, each, 5, 2) for each in (8, 24, 72)),
    *(Case("grouped", 28, 64, 64, groups=each) for each in (1, 2, 4, 8, 16, 32)),
    *(Case("strided", 28, each, 2 * each, stride=2) for each in (16, 24, 32, 64)),
    *(Case("transposed", 14, 2 * each, each, 4, 2) for each in (16, 24, 32, 64)),
    Case("stem", 112, 3, 64, 7, 2, batch=4),
    Case("stem", 56, 1, 32, 7, 2),
    *(Case("dilated", 28, 32, 32, dilation=each) for each in (2, 3)),
]

# Seconds of the forward pass and of a training step.
Times = tuple[float, float]


def martlet_side(case: Case) -> Callable[[], Times]:
    """A function that times a turn."""
    import martlet
    from martlet import layers

    martlet.config.set_num_threads(1)
    shared: dict[str, Any] = {"padding": "same", "strides": case.stride, "name": "timed"}
    if case.depthwise:
        layer = layers.DepthwiseConv2D(case.kernel, **shared)
    elif case.transposed:
        layer = layers.Conv2DTranspose(case.filters, case.kernel, **shared)
    else:
        layer = layers.Conv2D(
            case.filters, case.kernel, dilation_rate=case.dilation, groups=case.groups, **shared
        )
    shape = (case.extent, case.extent, case.channels)
    # What stands before it asks for the gradient of its input.
    model = martlet.Sequential(
        [
            martlet.Input(shape),
            layers.PReLU(shared_axes=[1, 2]),
            layer,
            layers.GlobalAveragePooling2D(),
        ]
    )
    model.compile("sgd", "mse")

    random = np.random.default_rng(1)
    x = random.normal(size=(case.batch, *shape)).astype(np.float32)
    y = np.zeros((case.batch, case.filters), np.float32)

    def seconds(*data: np.ndarray) -> float:
        rows = model.profile(*data, batch_size=case.batch).rows
        timed = [each for each in rows if each["layer"] == "timed" and each["pass"] != "prepare"]
        return sum(each["milliseconds"] for each in timed) / 1e3

    return lambda: (seconds(x), seconds(x, y))


def torch_side(case: Case) -> Callable[[], Times] | None:
    """The same for PyTorch; None where it is not installed."""
    try:
        import torch
        from torch import nn
    except ImportError:
        return None
    torch.set_num_threads(1)
    before = case.dilation * (case.kernel - 1) // 2
    if case.transposed:
        layer: Any = nn.ConvTranspose2d(
            case.channels, case.filters, case.kernel, case.stride, (case.kernel - case.stride) // 2
        )
    else:
        layer = nn.Conv2d(
            case.channels,
            case.filters,
            case.kernel,
            case.stride,
            before,
            case.dilation,
            case.groups,
        )
    layer = layer.to(memory_format=torch.channels_last)
    x = torch.randn(case.batch, case.channels, case.extent, case.extent)
    x = x.to(memory_format=torch.channels_last)

    def forward() -> None:
        with torch.no_grad():
            layer(x)

    def training() -> None:
        layer.zero_grad()
        y = layer(x.requires_grad_())
        y.backward(torch.ones_like(y))

    return lambda: (_median_seconds(forward), _median_seconds(training))


def _median_seconds(work: Callable[[], None]) -> float:
    times = []
    for _ in range(BATCHES):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure(case: Case, turns: int) -> tuple[Times, Times | None]:
    """Medians of both sides, who take turns; the first turn does not count."""
    ours, theirs = martlet_side(case), torch_side(case)
    found: tuple[list[Times], list[Times]] = ([], [])
    for turn in range(turns + 1):
        for side, times in zip((ours, theirs), found, strict=True):
            if side:
                result = side()
                if turn:
                    times.append(result)

    def medians(times: list[Times]) -> Times:
        forward, training = zip(*times, strict=True)
        return statistics.median(forward), statistics.median(training)

    return medians(found[0]), medians(found[1]) if theirs else None


def lines(cases: Sequence[Case], times: Sequence[tuple[Times, Times | None]]) -> list[str]:
    """The table: GFLOP/s, the ratios to PyTorch, and a mark on what falls behind its neighbours."""
    head = ("kind", "layer", "forward", "step", "PyTorch", "", "ratio", "", "")
    rows = [head]
    rates = [
        tuple(
            factor * case.operations / each / 1e9 for factor, each in zip((1, 3), ours, strict=True)
        )
        for case, (ours, _) in zip(cases, times, strict=True)
    ]
    for case, own, (ours, theirs) in zip(cases, rates, times, strict=True):
        peers = [other for other, rate in zip(cases, rates, strict=True) if other.kind == case.kind]
        neighbours = [rate for other, rate in zip(cases, rates, strict=True) if other in peers]
        behind = [
            what
            for index, what in enumerate(("forward", "step"))
            if own[index] < CLIFF * statistics.median(each[index] for each in neighbours)
        ]
        peer = ["-"] * 4
        if theirs:
            peer = [f"{case.operations / theirs[0] / 1e9:.1f}"]
            peer += [f"{3 * case.operations / theirs[1] / 1e9:.1f}"]
            peer += [f"{b / a:.2f}" for a, b in zip(ours, theirs, strict=True)]
        rows.append(
            (
                case.kind,
                case.name,
                *(f"{rate:.1f}" for rate in own),
                *peer,
                f"behind: {', '.join(behind)}" if behind else "",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if index < 2 or index == len(row) - 1 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", default="", help="only kinds whose name begins so")
    parser.add_argument("--turns", type=int, default=5, help="how often each side is timed")
    options = parser.parse_args(arguments)
    cases = [case for case in CASES if case.kind.startswith(options.cases)]
    if not cases or options.turns < 1:
        kinds = ", ".join(dict.fromkeys(case.kind for case in CASES))
        parser.error(f"expected at least 1 turn, and cases among {kinds}")
    times = []
    for case in cases:
        print(f"{case.kind}: {case.name}", file=sys.stderr)
        times.append(measure(case, options.turns))
    print(f"GFLOP/s on one thread, {os.cpu_count()} processors in the machine")
    print("\n".join(lines(cases, times)))


if __name__ == "__main__":
    main()
