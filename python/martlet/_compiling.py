"""What `compile` was told, resolved and checked as far as it can be at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import _native, _nest, losses, metrics, optimizers
from ._graphs import Graph, Shape, fits
from .metrics import MeanMetricWrapper, Metric


class Compilation:
    """The arguments of `compile`.

    Names are resolved when it is made, so a misspelt one fails at once. What belongs to which
    output is settled by `configuration`, when the outputs are known.
    """

    def __init__(
        self,
        optimizer: Any,
        loss: Any,
        loss_weights: Any,
        metrics_: Any,
        weighted_metrics: Any,
    ) -> None:
        self.optimizer = optimizers.get(optimizer)
        self.losses = _resolved(loss, losses.get_for_compile)
        self.loss_weights = loss_weights
        self.metrics = _resolved(metrics_, metrics.get)
        self.weighted_metrics = _resolved(weighted_metrics, metrics.get)
        own = [each for each in _nest.flatten([self.metrics, self.weighted_metrics]) if each]
        #: Whether Python counts some of the metrics.
        self.counts = any(each._is_own for each in own)
        graphs = [each for each in _nest.flatten(self.losses) if each and each._is_own]
        #: Whether some losses or metrics are made for the shapes of the data.
        self.has_graphs = bool(graphs) or any(isinstance(each, MeanMetricWrapper) for each in own)
        # Of the losses and metrics of one's own: for which targets, and what they do.
        self._targets: list[Shape] | None = None
        self._graphs: list[Graph] = []

    def compile(
        self, model: _native.Handle, outputs: Sequence[str], *, keeps_optimizer: bool = False
    ) -> None:
        """Gets a model of the core with these outputs ready to train."""
        self._targets = None
        configuration = self.configuration(outputs)
        _native.model_compile(model, {**configuration, "keeps_optimizer": keeps_optimizer})
        self.optimizer._compiled(model)

    def settle(
        self,
        model: _native.Handle,
        outputs: Sequence[str],
        targets: list[Shape],
        predictions: list[Shape],
    ) -> None:
        """Sees what losses and metrics of one's own do with samples of these shapes."""
        if len(targets) != len(predictions):
            return  # which the core tells better
        targets = list(map(_opened, targets, predictions))
        known = self._targets
        if known is not None and all(map(fits, known, targets)):
            return
        graphs: list[Graph] = []
        configuration = self.configuration(outputs, (targets, predictions, graphs))
        if graphs:
            handles = [each.model for each in graphs]
            _native.model_compile_graphs(model, {**configuration, "keeps_optimizer": True}, handles)
        self._targets, self._graphs = targets, graphs

    def configuration(
        self, outputs: Sequence[str], shapes: _Shapes | None = None
    ) -> dict[str, Any]:
        """What the core needs, for a model with these outputs.

        Parameters
        ----------
        outputs
            Their names.
        shapes
            Of targets and predictions, and a list that takes the graphs of losses and metrics of
            one's own; None as long as they are not known.

        Raises
        ------
        ValueError
            If there are not as many losses, weights or lists of metrics as outputs.
        """
        per_output = _per_output(self.losses, outputs, "loss", shared=True)
        for name, loss in zip(outputs, per_output, strict=True):
            if loss is None:
                raise ValueError(f"compile: output '{name}' has no loss")
        configuration: dict[str, Any] = {
            "optimizer": self.optimizer._encoded(),
            "losses": [_loss(each, index, shapes) for index, each in enumerate(per_output)],
            "metrics": _encoded(self._per_output_metrics(self.metrics, outputs, "metrics"), shapes),
            "output_names": list(outputs),
        }
        if self.weighted_metrics:
            configuration["weighted_metrics"] = _encoded(
                self._per_output_metrics(self.weighted_metrics, outputs, "weighted_metrics"), shapes
            )
        if self.loss_weights is not None:
            weights = _per_output(self.loss_weights, outputs, "loss_weights")
            configuration["loss_weights"] = [1.0 if each is None else each for each in weights]
        return configuration

    def _per_output_metrics(
        self, given: Any, outputs: Sequence[str], what: str
    ) -> list[list[Metric]]:
        if len(outputs) == 1 and not isinstance(given, dict):
            return [_flat(given)]
        return [_flat(each) for each in _per_output(given, outputs, what)]

    def report(self, outputs: Sequence[str], results: Sequence[Any]) -> None:
        """Lets the metrics know what a pass over the data has made of them."""
        objects = self.metric_objects(outputs)
        for metric, value in zip(objects, results[len(results) - len(objects) :], strict=True):
            metric._report(value)

    def metric_objects(self, outputs: Sequence[str]) -> list[Metric]:
        """The metrics as their values stand, last among the results: in the order of the outputs,
        weighted ones behind all others.
        """
        return [metric for metric, _, _ in self.metric_uses(outputs)]

    def metric_uses(self, outputs: Sequence[str]) -> list[tuple[Metric, int, bool]]:
        """The same, each with the number of its output and whether it is weighted."""
        return [
            (metric, output, given is self.weighted_metrics)
            for given in (self.metrics, self.weighted_metrics)
            if given
            for output, each in enumerate(self._per_output_metrics(given, outputs, "metrics"))
            for metric in each
        ]


#: Of targets and of predictions, and the graphs that are made for them.
_Shapes = tuple[list[Shape], list[Shape], list[Graph]]


def _opened(target: Shape, prediction: Shape) -> Shape:
    """The shape of targets with the extents left open that are open in the predictions, too."""
    ends = [*prediction[: len(target)], *target[len(prediction) :]]
    return tuple(None if end is None else extent for extent, end in zip(target, ends, strict=True))


def _loss(loss: losses.Loss, output: int, shapes: _Shapes | None) -> dict[str, Any]:
    if shapes is None or not loss._is_own:
        return loss._encoded()
    targets, predictions, graphs = shapes
    graphs.append(loss._graph(targets[output], predictions[output]))
    return loss._encoded(len(graphs) - 1)


def _encoded(per_output: list[list[Metric]], shapes: _Shapes | None) -> list[list[dict[str, Any]]]:
    return [
        [_metric(metric, output, shapes) for metric in each]
        for output, each in enumerate(per_output)
    ]


def _metric(metric: Metric, output: int, shapes: _Shapes | None) -> dict[str, Any]:
    if shapes is None or not isinstance(metric, MeanMetricWrapper) or metric._is_own:
        return metric._encoded()
    targets, predictions, graphs = shapes
    graph = metric._graph(targets[output], predictions[output])
    graphs.append(graph)
    return metric._encoded(graph, len(graphs) - 1)


def _resolved(value: Any, get: Any) -> Any:
    """The same lists and dicts with every name resolved."""
    if value is None:
        return None
    if isinstance(value, dict):
        return {key: _resolved(each, get) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_resolved(each, get) for each in value]
    return get(value)


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [each for part in value for each in _flat(part)]
    return [] if value is None else [value]


def _per_output(value: Any, outputs: Sequence[str], what: str, shared: bool = False) -> list[Any]:
    """One entry per output of a list, a dict by output, or a single value."""
    if value is None:
        return [None] * len(outputs)
    if isinstance(value, dict):
        unknown = sorted(set(value) - set(outputs))
        if unknown:
            raise ValueError(
                f"compile: {what} names the output {unknown[0]!r}; outputs are {list(outputs)}"
            )
        return [value.get(name) for name in outputs]
    if isinstance(value, list | tuple):
        if len(value) != len(outputs):
            raise ValueError(
                f"compile: expected {what} for {len(outputs)} outputs {list(outputs)}, "
                f"got {len(value)}"
            )
        return list(value)
    if len(outputs) == 1 or shared:
        return [value] * len(outputs)
    raise ValueError(
        f"compile: the model has the outputs {list(outputs)}, so {what} must be a list with an "
        "entry for each, or a dict by output"
    )
