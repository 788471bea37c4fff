"""Metrics of one's own, which Python counts after each batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import _native
from ._compiling import Compilation
from ._graphs import Shape


class Counted:
    """The metrics of a compiled model that Python counts.

    Parameters
    ----------
    compilation
        What the model was compiled with; None where Python counts nothing.
    outputs
        Names of its outputs.
    shapes
        Of a sample of each of them.
    """

    def __init__(
        self, compilation: Compilation | None, outputs: list[str], shapes: list[Shape]
    ) -> None:
        uses = compilation.metric_uses(outputs) if compilation else []
        # By their places among the results, counted from the end.
        self._uses = [(place - len(uses), *use) for place, use in enumerate(uses) if use[0]._is_own]
        self._shapes = shapes

    def __bool__(self) -> bool:
        return bool(self._uses)

    def reset(self) -> None:
        """Begins a pass."""
        for _, metric, _, _ in self._uses:
            metric.reset_state()

    @contextmanager
    def watching(
        self, model: _native.Handle, data: _native.Data, batch: int, after: Any
    ) -> Iterator[_native.Progress | None]:
        """What to call after each batch of a pass of the core, in place of `after`."""
        if not self:
            yield after
            return
        if data.weighs_classes and any(weighted for *_, weighted in self._uses):
            raise ValueError(
                "class_weight beside metrics of your own in weighted_metrics: give sample_weight"
            )
        seen = _native.Observation(model, self._shapes, data, min(batch, data.sample_count))

        def count(done: int, total: int, results: list[Any]) -> bool:
            start = (done - 1) * batch
            self._count(data, seen, min(batch, data.sample_count - start))
            return bool(after(done, total, self.completed(results))) if after else False

        seen.begin(model)
        try:
            yield count
        finally:
            seen.end(model)

    def _count(self, data: _native.Data, seen: _native.Observation, count: int) -> None:
        samples = seen.samples[:count]
        for _, metric, output, weighted in self._uses:
            weights = data.sample_weight[min(output, len(data.sample_weight) - 1) :][:1]
            metric.update_state(
                data.y[output][samples],
                seen.outputs[output][:count].copy(),
                *([weights[0][samples]] if weighted and weights else []),
            )

    def completed(self, results: list[Any]) -> list[Any]:
        """The results of the core with the values of these metrics in their places."""
        if not self:
            return results
        results = list(results)
        for place, metric, _, _ in self._uses:
            results[place] = _value(metric.result())
        return results


def _value(result: Any) -> Any:
    array = np.asarray(result)
    return float(array) if array.ndim == 0 else array
