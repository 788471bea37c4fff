"""compile, fit, evaluate and predict: what is the same for all models."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _data, _native, _nest
from ._batches import ArrayBatches, Batches, is_batches
from ._compiling import Compilation
from ._errors import NonFiniteError, not_supported
from ._observing import Counted
from ._profile import Profile
from ._progress import ProgressLine, verbosity
from ._randomness import Position
from .callbacks import Callback, CallbackList, History

if TYPE_CHECKING:
    from .optimizers import Optimizer


class Trainer:
    """The part of a model that trains it. What it needs of a model is declared here."""

    _compilation: Compilation | None
    #: What `compile` was given, for files.
    _compile_arguments: dict[str, Any]
    #: Where the random numbers of a loaded training go on.
    _continues_at: Position | None
    history: History | None
    stop_training: bool
    #: Where `fit` begins. A callback may set it when the training begins.
    _initial_epoch: int

    if TYPE_CHECKING:

        @property
        def name(self) -> str: ...
        @property
        def built(self) -> bool: ...
        @property
        def output_names(self) -> list[str]: ...

        _input_names: list[str]
        _input_shapes: list[tuple[int, ...]]
        _output_shapes: list[tuple[int | None, ...]]
        _outputs_structure: Any

        def _model_handle(self) -> _native.Handle: ...
        def _build_for(self, x: Any) -> None: ...

    # ---- compile -----------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Chooses optimizer, loss and metrics. Forgets what an earlier optimizer has gathered;
        the same object, given again, goes on.

        Parameters
        ----------
        optimizer
            Name or object of :mod:`martlet.optimizers`.
        loss
            Name or object of :mod:`martlet.losses`, or a function of `y_true` and `y_pred`, see
            :class:`martlet.losses.Loss`; with several outputs one for all, a list or a dict by
            output. For ``"crossentropy"`` the first data chooses between binary,
            categorical and sparse.
        loss_weights
            With several outputs: what each loss counts, as a list or a dict by output.
        metrics
            Names or objects of :mod:`martlet.metrics` or functions, see
            :class:`martlet.metrics.Metric`, as a list; with several outputs a list of lists or a
            dict by output.
        weighted_metrics
            The same, for metrics in which samples count what they weigh.
        run_eagerly, steps_per_execution, jit_compile, auto_scale_loss
            Accepted; there is nothing here that they could change.

        Raises
        ------
        ValueError
            If a name is unknown; the message suggests the nearest one.
        """
        compilation = Compilation(optimizer, loss, loss_weights, metrics, weighted_metrics)
        if self.built and loss is not None:
            same = compilation.optimizer is self.optimizer
            compilation.compile(
                self._model_handle(),
                self.output_names,
                keeps_optimizer=same and self._compiled_handle() is not None,
            )
        self._compilation = compilation
        self._compile_arguments = {
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
        }
        self._continues_at = None
        compilation.optimizer._attach(self)

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile` was given, as files hold it; empty for a model that is not compiled."""
        from ._serialization import serialize_keras_object

        if self._compilation is None:
            return {}
        return serialize_keras_object(
            {"optimizer": self._compilation.optimizer, **self._compile_arguments}
        )

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles with what `get_compile_config` gave."""
        from ._serialization import deserialize_keras_object

        self.compile(**deserialize_keras_object(config))

    @property
    def compiled(self) -> bool:
        """Whether `compile` has been called."""
        return self._compilation is not None

    @property
    def optimizer(self) -> Optimizer | None:
        """The optimizer given to `compile`."""
        return self._compilation.optimizer if self._compilation else None

    @property
    def loss(self) -> Any:
        """The loss given to `compile`."""
        return self._compilation.losses if self._compilation else None

    @property
    def metrics_names(self) -> list[str]:
        """Keys of the values that `evaluate` returns, in its order."""
        return self._result_names() if self._compiled_handle() is not None else []

    def _result_names(self) -> list[str]:
        return _native.result_names(self._model_handle())

    def _metric_classes(self) -> dict[str, str]:
        """Names of the metrics' classes by the keys of their values."""
        if self._compilation is None:
            return {}
        metrics = self._compilation.metric_objects(self.output_names)
        names = self._result_names()
        keys = names[len(names) - len(metrics) :]
        # The class behind the name "accuracy" has no public name.
        classes = [type(each).__name__.lstrip("_") for each in metrics]
        return dict(zip(keys, classes, strict=True))

    def _report(self, results: list[Any]) -> None:
        """Hands metrics what a pass has made of them, as their `result`."""
        assert self._compilation is not None
        self._compilation.report(self.output_names, results)

    def _compiled_handle(self) -> _native.Handle | None:
        """The model, if it is ready to train."""
        if self._compilation is None or self._compilation.losses is None or not self.built:
            return None
        return self._model_handle()

    def _ready(self, x: Any, verb: str) -> _native.Handle:
        if self._compilation is None:
            raise ValueError(
                f"model '{self.name}' must be compiled before {verb}: call "
                "compile(optimizer, loss, metrics) first"
            )
        if self._compilation.losses is None:
            raise ValueError(
                f"model '{self.name}' was compiled without a loss, so it cannot {verb}"
            )
        if not isinstance(x, Batches):
            self._build_for(x)
        elif not self.built:
            self._build_for(x.first()[0])
        return self._model_handle()

    # ---- fit ---------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Sequence[Callback] | Callback | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Iterable[int] = 1,
        *,
        on_nan: str = "stop",
    ) -> History:
        """Trains the model.

        All data is checked before the first weight changes. Arrays of every numeric type are read
        where they are, batch by batch, and never copied whole. Ctrl-C ends the training within a
        batch; the model then predicts and trains on, and `history` holds the finished epochs.

        Parameters
        ----------
        x
            Samples: an array, a list, or with several inputs a list of arrays or a dict by name.
            Or what gives batches ``(x, y)`` or ``(x, y, sample_weight)``: a generator, a
            :class:`martlet.utils.PyDataset`, a data set of
            :func:`martlet.utils.image_dataset_from_directory`, a ``DataLoader`` of PyTorch, or any
            other iterable. The next batch is then made in a thread while this one trains.
        y
            Targets, in the same forms. Labels may be ``(samples,)`` or ``(samples, 1)``. None where
            batches bring them.
        batch_size
            Samples per step; None for 32. The last batch of an epoch may be smaller. Of no effect
            where batches are given.
        epochs
            Index of the epoch to stop before: with `initial_epoch` not a count.
        verbose
            0 for silence, 1 or ``"auto"`` for a progress line, 2 for one line per epoch.
        callbacks
            A :class:`martlet.callbacks.Callback` or a list of them.
        validation_split
            Share of the samples, taken from the end before any shuffling, that is only evaluated.
            For arrays only.
        validation_data
            ``(x, y)`` or ``(x, y, sample_weight)`` to evaluate after each epoch, or what gives
            batches of them.
        shuffle
            Whether each epoch takes the samples in a new order; of a `PyDataset`, the batches.
            Other batches come as they are.
        class_weight
            What the samples of a class count in the loss, by class number; others count 1.
        sample_weight
            What each sample counts in the loss.
        initial_epoch
            Index of the first epoch.
        steps_per_epoch
            Batches of an epoch; None for all there are. The next epoch goes on where this one
            stopped; what ends within an epoch begins again, unless it is a generator. A generator
            without an end needs it.
        validation_steps
            Batches of a validation, the same ones each time; None for all there are.
        validation_batch_size
            Samples per step of validation; None for `batch_size`.
        validation_freq
            Validates after every so many epochs, or after the epochs (from 1) of a list.
        on_nan
            What to do when the loss turns NaN or infinite: ``"stop"`` raises before that batch
            changes a weight, ``"restore"`` also takes all weights back to the beginning of the
            epoch, ``"ignore"`` goes on as Keras does. This argument is Martlet's own.

        Returns
        -------
        History
            ``history.history["loss"]`` and so on: a value per epoch under each key.

        Raises
        ------
        ValueError
            If the model is not compiled, or data does not fit it: ranks, shapes, lengths, labels.
            Nothing has changed then.
        TypeError
            If data is not numeric.
        NonFiniteError
            If x holds NaN, or the loss turns NaN or infinite.

        Examples
        --------
        >>> import numpy as np, martlet
        >>> martlet.utils.set_random_seed(1)
        >>> model = martlet.Sequential([martlet.Input((2,)), martlet.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(np.ones((8, 2)), np.ones(8), epochs=3, verbose=0)
        >>> history.epoch, len(history.history["loss"])
        ([0, 1, 2], 3)
        """
        verbose = verbosity(verbose)
        if on_nan not in _native.ON_NAN:
            raise ValueError(f"on_nan must be one of {sorted(_native.ON_NAN)}, got {on_nan!r}")
        for name, value in {"epochs": epochs, "initial_epoch": initial_epoch}.items():
            if not isinstance(value, int | np.integer):
                raise TypeError(f"{name} must be an integer, got {value!r}")
        if shuffle not in (True, False):
            not_supported(f"fit: shuffle={shuffle!r}")
        if class_weight is not None and sample_weight is not None:
            raise ValueError("fit takes class_weight or sample_weight, not both")
        batch = _batch_size(batch_size)
        class_weight = _class_weight(class_weight)
        passes = max(1, int(epochs - initial_epoch))
        how: dict[str, Any] = {"asked": "steps_per_epoch", "epochs": passes, "shuffle": shuffle}
        held_out: Any = None
        source: _Source
        if is_batches(x, may_be_list=y is None):
            _nothing_beside_batches("fit", y=y, sample_weight=sample_weight)
            if validation_split:
                raise ValueError(
                    "validation_split needs arrays; give validation_data beside batches"
                )
            batches = Batches(x, steps=steps_per_epoch, **how)
            handle = self._ready(batches, "fit")
            source = _BatchSource(self, handle, batches, class_weight, on_nan)
        else:
            handle = self._ready(x, "fit")
            samples = self._samples(x, y, sample_weight)
            if validation_split and validation_data is None:
                samples, held_out = _split(samples, validation_split)
            data = _native.Data(*samples, class_weight)
            self._check(handle, data, on_nan)
            source = _ArraySource(self, handle, data, batch, bool(shuffle), on_nan)
            if steps_per_epoch not in (None, source.steps):
                batches = Batches(
                    ArrayBatches(samples, batch, bool(shuffle)), steps=steps_per_epoch, **how
                )
                source = _BatchSource(self, handle, batches, class_weight, on_nan)
        run = _Fit(self, source, epochs, verbose, callbacks)
        run.validation = self._validation(
            handle,
            held_out,
            validation_data,
            batch=_batch_size(validation_batch_size or batch, "validation_batch_size"),
            steps=validation_steps,
            epochs=passes,
            on_nan=on_nan,
        )
        run.validation_freq = validation_freq
        return run.run(initial_epoch)

    def _validation(
        self,
        handle: _native.Handle,
        held_out: Any,
        given: Any,
        *,
        batch: int,
        steps: int | None,
        epochs: int,
        on_nan: str,
    ) -> _Source | None:
        """What is evaluated after an epoch: batches, arrays, or what was split off."""
        if given is not None and is_batches(given, may_be_list=isinstance(given, list)):
            batches = Batches(
                given,
                "validation_data",
                steps=steps,
                asked="validation_steps",
                epochs=epochs,
                afresh=True,
            )
            return _BatchSource(self, handle, batches, None, on_nan)
        if given is not None:
            held_out = self._validation_samples(given)
        if held_out is None:
            return None
        data = _native.Data(*_first_steps(held_out, steps, batch, "validation_steps"))
        self._check(handle, data, on_nan, "validation_data: ")
        return _ArraySource(self, handle, data, batch, False, on_nan)

    def _samples(
        self, x: Any, y: Any, sample_weight: Any = None, *, prefix: str = ""
    ) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
        if y is None:
            raise ValueError(f"{prefix}y is missing: training and evaluation need targets")
        xs = self._inputs(x, prefix)
        count = len(xs[0])
        ys = _data.per_name(y, self.output_names, f"{prefix}y", lambda part: len(part) == count)
        weights = []
        if sample_weight is not None:
            # One array serves all outputs.
            names = self.output_names
            if not isinstance(sample_weight, dict) and not _is_list_of_arrays(sample_weight):
                names = names[:1]
            weights = _data.per_name(
                sample_weight, names, f"{prefix}sample_weight", lambda part: len(part) == count
            )
        groups = {f"{prefix}x": xs, f"{prefix}y": ys, f"{prefix}sample_weight": weights}
        _data.same_length(**groups)
        return xs, ys, weights

    def _inputs(self, x: Any, prefix: str = "") -> list[np.ndarray]:
        rank = 1 + len(self._input_shapes[0])
        return _data.per_name(x, self._input_names, f"{prefix}x", lambda part: part.ndim >= rank)

    def _validation_samples(self, given: Any) -> Any:
        if not isinstance(given, list | tuple) or len(given) not in (2, 3):
            raise ValueError(
                "validation_data must be (x, y) or (x, y, sample_weight), got "
                + (
                    f"{len(given)} parts"
                    if isinstance(given, list | tuple)
                    else type(given).__name__
                )
            )
        x, y, *weight = given
        return self._samples(x, y, *weight, prefix="validation_data: ")

    def _check(
        self, handle: _native.Handle, data: _native.Data, on_nan: str = "stop", prefix: str = ""
    ) -> None:
        try:
            self._settle(handle, data)
            _native.model_check(handle, data)
        except NonFiniteError as error:
            if on_nan != "ignore":
                raise NonFiniteError(f"{prefix}{error}") from None
        except (ValueError, TypeError) as error:
            if not prefix:
                raise
            raise type(error)(f"{prefix}{error}") from None

    def _settle(self, handle: _native.Handle, data: _native.Data) -> None:
        """Fits losses and metrics of one's own to the shapes of the data."""
        if self._compilation is not None and self._compilation.has_graphs:
            targets = [tuple(each.shape[1:]) for each in data.y]
            self._compilation.settle(handle, self.output_names, targets, self._output_shapes)

    def _counted(self) -> Counted:
        assert self._compilation is not None
        if not self._compilation.counts:
            return Counted(None, [], [])
        return Counted(self._compilation, self.output_names, self._output_shapes)

    # ---- evaluate and predict ----------------------------------------------------------------

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Loss and metrics of the model as it is. Changes nothing.

        Parameters
        ----------
        x, y, sample_weight
            As for `fit`.
        batch_size
            Samples per step; None for 32.
        verbose
            0 for silence, 1 or ``"auto"`` for a progress line, 2 for one line.
        steps
            Batches to look at; None for all there are.
        callbacks
            A :class:`martlet.callbacks.Callback` or a list of them.
        return_dict
            Whether the values come by name.

        Returns
        -------
        float, list of float or dict
            The loss alone if there are no metrics; else the loss first and then the metrics in
            the order of `compile`.

        Raises
        ------
        ValueError
            If the model is not compiled or the data does not fit it.
        """
        verbose = verbosity(verbose)
        batch = _batch_size(batch_size)
        source: _Source
        if is_batches(x, may_be_list=y is None):
            _nothing_beside_batches("evaluate", y=y, sample_weight=sample_weight)
            batches = Batches(x, steps=steps)
            source = _BatchSource(self, self._ready(batches, "evaluate"), batches)
        else:
            handle = self._ready(x, "evaluate")
            samples = self._samples(x, y, sample_weight)
            data = _native.Data(*_first_steps(samples, steps, batch, "steps"))
            self._check(handle, data)
            source = _ArraySource(self, handle, data, batch)
        names = self._result_names()
        listeners = _Listeners(self, callbacks, "test", {"verbose": verbose, "steps": source.steps})
        line = ProgressLine(source.steps, verbose)
        try:
            results = listeners.run(
                source.evaluate,
                lambda values: _logs(names, values),
                _painting(line, names) if verbose else None,
            )
        except BaseException:
            line.abandon()
            raise
        self._report(results)
        line.finish(_logs(names, results), source.steps)
        return _returned(names, results, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Outputs of the model. Needs no `compile`.

        Parameters
        ----------
        x
            As for `fit`.
        batch_size
            Samples per step; None for 32.
        verbose
            0 for silence, 1 or ``"auto"`` for a progress line, 2 for one line.
        steps
            Batches to look at; None for all there are.
        callbacks
            A :class:`martlet.callbacks.Callback` or a list of them.

        Returns
        -------
        numpy.ndarray
            float32, one row per sample; with several outputs a list of arrays, or what the
            outputs of the model were given as.

        Raises
        ------
        ValueError
            If the data does not fit the model.
        """
        verbose = verbosity(verbose)
        batch = _batch_size(batch_size)
        source: _PredictionSource
        if is_batches(x):
            source = _PredictionBatches(self, Batches(x, steps=steps))
        else:
            xs = self._prediction_inputs(x)
            (xs,) = _first_steps((xs,), steps, batch, "steps")
            if verbose == 0 and not callbacks:
                return self._predicted(xs, batch)
            source = _PredictionArrays(self, xs, batch)
        listeners = _Listeners(
            self, callbacks, "predict", {"verbose": verbose, "steps": source.steps}
        )
        line = ProgressLine(source.steps, verbose)
        try:
            outputs = listeners.run(
                source.predict,
                lambda parts: {"outputs": self._packed(parts)},
                _painting(line, []) if verbose else None,
            )
        except BaseException:
            line.abandon()
            raise
        line.finish(done=source.steps)
        return outputs

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One step on all samples given.

        Parameters
        ----------
        x, y, sample_weight, class_weight
            As for `fit`.
        return_dict
            Whether the values come by name.

        Returns
        -------
        float, list of float or dict
            Loss and metrics of this batch before its step, as `evaluate` gives them.
        """
        if class_weight is not None and sample_weight is not None:
            raise ValueError("train_on_batch takes class_weight or sample_weight, not both")
        handle = self._ready(x, "train_on_batch")
        samples = self._samples(x, y, sample_weight)
        data = _native.Data(*samples, _class_weight(class_weight))
        self._check(handle, data)
        source = _ArraySource(self, handle, data, data.sample_count)
        return _returned(self._result_names(), source.train(None, None), return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Loss and metrics on all samples given, as one batch.

        Parameters
        ----------
        x, y, sample_weight
            As for `fit`.
        return_dict
            Whether the values come by name.
        """
        handle = self._ready(x, "test_on_batch")
        data = _native.Data(*self._samples(x, y, sample_weight))
        self._check(handle, data)
        source = _ArraySource(self, handle, data, data.sample_count)
        return _returned(self._result_names(), source.evaluate(), return_dict)

    def reset_metrics(self) -> None:
        """Nothing to do, for scripts of Keras: the results of a call start anew with it."""

    def predict_on_batch(self, x: Any) -> Any:
        """Outputs of the model for all samples given, as one batch."""
        xs = self._prediction_inputs(x)
        return self._predicted(xs, len(xs[0]))

    def profile(self, x: Any, y: Any = None, batch_size: int | None = None) -> Profile:
        """What the time of a batch goes into: each operation of each layer, pass by pass.

        With `y` it times training steps, the optimizer's part included, and needs `compile`;
        weights, moving averages and optimizer are afterwards what they were before. Without `y` it
        times predictions. One batch runs before the clock starts, then all whole batches of the
        data, again from the first one until there are ten or a second has passed. What is computed
        meanwhile is what `fit` and `predict` compute, bit by bit.

        Keras has no such method.

        Parameters
        ----------
        x
            Samples, as for `fit`.
        y
            Targets, as for `fit`, or None.
        batch_size
            Samples per step; None for 32.

        Returns
        -------
        Profile
            Prints as a table; ``rows`` holds the same as dicts.

        Raises
        ------
        ValueError
            If the data does not fit the model, or `y` is given and the model is not compiled.

        Examples
        --------
        >>> import numpy as np, martlet
        >>> from martlet import layers
        >>> model = martlet.Sequential(
        ...     [martlet.Input((28, 28)), layers.Flatten(), layers.Dense(10, name="scores")]
        ... )
        >>> profile = model.profile(np.zeros((64, 28, 28)))
        >>> profile.batch_size, profile.training
        (32, False)
        >>> [row["operation"] for row in profile.rows if row["layer"] == "scores"]
        ['matrix product + bias', 'copy out']
        """
        batch = _batch_size(batch_size)
        if y is None:
            data = _native.Data(self._prediction_inputs(x), [])
        else:
            handle = self._ready(x, "profile training")
            data = _native.Data(*self._samples(x, y))
            self._check(handle, data)
        return Profile(self.name, _native.profile(self._model_handle(), data, batch))

    def _prediction_inputs(self, x: Any) -> list[np.ndarray]:
        self._build_for(x)
        xs = self._inputs(x)
        if len(xs) > 1:
            _data.same_length(x=xs)
        return xs

    def _predicted(
        self,
        xs: list[np.ndarray],
        batch: int,
        progress: _native.Progress | None = None,
        training: bool = False,
    ) -> Any:
        return self._packed(
            _native.predict(
                self._model_handle(), xs, self._output_shapes, batch, progress, training
            )
        )

    def _packed(self, outputs: list[np.ndarray]) -> Any:
        """Outputs in the structure that those of the model were given in."""
        return _nest.packed_like(self._outputs_structure, outputs)


class _Fit:
    """One call of `fit`, when everything has been checked."""

    validation: _Source | None = None
    validation_freq: int | Iterable[int] = 1

    def __init__(
        self, model: Any, source: _Source, epochs: int, verbose: int, callbacks: Any
    ) -> None:
        self.model, self.source = model, source
        self.epochs, self.verbose = epochs, verbose
        self.names = model._result_names()
        self.history = History()
        self.callbacks = CallbackList(callbacks)
        # History comes last: it keeps what the others have added to the logs.
        self.callbacks.append(self.history)
        # Telling nobody costs as much as a small batch.
        self.hears_batches = self.callbacks.hears("on_train_batch_begin", "on_train_batch_end")

    def run(self, initial_epoch: int) -> History:
        model = self.model
        model.history, model.stop_training = self.history, False
        model._initial_epoch = initial_epoch
        self.callbacks.set_params(
            {"verbose": self.verbose, "epochs": self.epochs, "steps": self.source.steps}
        )
        self.callbacks.set_model(model)
        self.callbacks.check(self.keys())
        logs: dict[str, float] = {}
        self.callbacks.on_train_begin({})
        if model._continues_at is not None:
            model._continues_at.resume()
            model._continues_at = None
        try:
            for epoch in range(model._initial_epoch, self.epochs):
                logs = self.epoch(epoch)
                if model.stop_training:
                    break
        except KeyboardInterrupt:
            # Callbacks finish what they do at the end, such as closing a file.
            self.callbacks.on_train_end(logs)
            raise
        finally:
            # The history outlives the model without holding it.
            self.history.set_model(None)
        if self.epochs > initial_epoch:
            model.optimizer.finalize_variable_values()
        self.callbacks.on_train_end(logs)
        return self.history

    def keys(self) -> list[str]:
        """Those that the logs of epochs will have."""
        names = sorted(self.names)
        return names + ([f"val_{name}" for name in names] if self.validation is not None else [])

    def epoch(self, epoch: int) -> dict[str, float]:
        self.callbacks.on_epoch_begin(epoch, {})
        if self.epochs > 1 and self.verbose:
            print(f"Epoch {epoch + 1}/{self.epochs}", flush=True)
        line = ProgressLine(self.source.steps, self.verbose)
        try:
            done, results = self.train(line)
            if results:
                self.model._report(results)
            logs = _logs(self.names, results)
            if self.validation is not None and self.validates_after(epoch):
                values = self.validate(self.validation)
                self.model._report(values)
                held_out = _logs(self.names, values)
                logs.update({f"val_{key}": value for key, value in held_out.items()})
                logs = dict(sorted(logs.items()))
        except NonFiniteError as error:
            line.abandon()
            raise NonFiniteError(f"epoch {epoch + 1}: {error}") from None
        except BaseException:
            line.abandon()
            raise
        self.callbacks.on_epoch_end(epoch, logs)
        line.finish(logs, done)
        return logs

    def train(self, line: ProgressLine) -> tuple[int, list[Any]]:
        """One pass; returns the steps done and the means over them."""
        paint = _painting(line, self.names)
        latest: tuple[int, list[Any]] = (0, [])

        def after_batch(done: int, total: int, results: list[Any]) -> bool:
            nonlocal latest
            latest = (done, results)
            if self.verbose:
                paint(done, total, results)
            if self.hears_batches:
                self.callbacks.on_train_batch_end(done - 1, _logs(self.names, results))
            return self.model.stop_training

        def before_batch(index: int) -> None:
            self.callbacks.on_train_batch_begin(index, {})

        results = self.source.train(before_batch if self.hears_batches else None, after_batch)
        return (self.source.steps or latest[0], results) if results is not None else latest

    def validate(self, source: _Source) -> list[Any]:
        return _Listeners(self.model, self.callbacks, "test").run(
            source.evaluate, lambda values: _logs(self.names, values)
        )

    def validates_after(self, epoch: int) -> bool:
        if isinstance(self.validation_freq, int):
            return (epoch + 1) % self.validation_freq == 0
        return epoch + 1 in self.validation_freq


class _Listeners:
    """Callbacks around one call of `evaluate` or `predict`."""

    def __init__(
        self, model: Any, callbacks: Any, verb: str, params: dict[str, Any] | None = None
    ) -> None:
        self.verb = verb
        # Telling nobody would cost as much as a small prediction.
        self.callbacks = CallbackList(callbacks) if callbacks else None
        if self.callbacks is not None and params is not None:
            self.callbacks.set_params({"epochs": 1, **params})
            self.callbacks.set_model(model)

    def run(
        self,
        call: Callable[[_BeforeBatch | None, _native.Progress | None], Any],
        logs_of: Callable[[list[Any]], dict[str, Any]],
        paint: _native.Progress | None = None,
    ) -> Any:
        """Calls into the core and tells of it. Nobody stops it.

        Parameters
        ----------
        call
            Takes what to call before a batch, and what after it with the results so far.
        logs_of
            Makes of results what callbacks are told.
        paint
            Called after each batch, too.
        """
        if self.callbacks is None:
            return call(None, paint)
        self.tell("begin", {})
        if self.callbacks.hears(f"on_{self.verb}_batch_begin", f"on_{self.verb}_batch_end"):

            def before(index: int) -> None:
                self.tell("batch_begin", index, {})

            def after(done: int, total: int, results: list[Any]) -> bool:
                if paint is not None:
                    paint(done, total, results)
                self.tell("batch_end", done - 1, logs_of(results))
                return False

            results = call(before, after)
        else:
            results = call(None, paint)
        self.tell("end", logs_of(results) if self.verb == "test" else {})
        return results

    def tell(self, what: str, *arguments: Any) -> None:
        getattr(self.callbacks, f"on_{self.verb}_{what}")(*arguments)


# ---- Where samples come from -----------------------------------------------------------------


#: Called before each batch with its number, from 0.
_BeforeBatch = Callable[[int], None]


def _announcing(
    before: _BeforeBatch | None, after: _native.Progress | None
) -> _native.Progress | None:
    """What to call after each batch where `before` shall hear of the next one, too.

    For the core, which goes through arrays by itself and tells of what it has done. Of the first
    batch `before` hears right away.
    """
    if before is None or after is None:
        return after

    def progress(done: int, total: int, results: list[Any]) -> bool:
        stops = bool(after(done, total, results))
        if not stops and done < total:
            before(done)
        return stops

    before(0)
    return progress


class _Source:
    """What a model is trained or evaluated on."""

    @property
    def steps(self) -> int | None:
        """Batches of a pass; None if only the pass itself will tell."""
        raise NotImplementedError

    def train(
        self, before: _BeforeBatch | None, after: _native.Progress | None
    ) -> list[float] | None:
        """One pass that updates the weights; the means, or None if `after` stopped it."""
        raise NotImplementedError

    def evaluate(
        self, before: _BeforeBatch | None = None, after: _native.Progress | None = None
    ) -> list[float]:
        """One pass that changes nothing."""
        raise NotImplementedError


class _ArraySource(_Source):
    """Arrays: the core goes through them by itself."""

    def __init__(
        self,
        model: Any,
        handle: _native.Handle,
        data: _native.Data,
        batch: int,
        shuffle: bool = False,
        on_nan: str = "stop",
    ) -> None:
        self.handle, self.data, self.batch = handle, data, batch
        self.shuffle, self.on_nan = shuffle, on_nan
        self.counted = model._counted()

    @property
    def steps(self) -> int:
        return _steps(self.data.sample_count, self.batch)

    def train(
        self, before: _BeforeBatch | None, after: _native.Progress | None
    ) -> list[float] | None:
        self.counted.reset()
        progress = _announcing(before, after)
        with self.counted.watching(self.handle, self.data, self.batch, progress) as count:
            results = _native.train(
                self.handle, self.data, self.batch, count, self.shuffle, self.on_nan
            )
        return None if results is None else self.counted.completed(results)

    def evaluate(
        self, before: _BeforeBatch | None = None, after: _native.Progress | None = None
    ) -> list[float]:
        self.counted.reset()
        progress = _announcing(before, after)
        with self.counted.watching(self.handle, self.data, self.batch, progress) as count:
            results = _native.evaluate(self.handle, self.data, self.batch, count)
        return self.counted.completed(results)


class _BatchSource(_Source):
    """Batches: each is checked and goes to the core on its own, as a part of the same pass."""

    def __init__(
        self,
        model: Any,
        handle: _native.Handle,
        batches: Batches,
        class_weight: dict[int, float] | None = None,
        on_nan: str = "stop",
    ) -> None:
        self.model, self.handle, self.batches = model, handle, batches
        self.class_weight, self.on_nan = class_weight, on_nan
        self.counted = model._counted()

    @property
    def steps(self) -> int | None:
        return self.batches.steps

    def train(
        self, before: _BeforeBatch | None, after: _native.Progress | None
    ) -> list[float] | None:
        self.tell("on_epoch_begin")
        self.counted.reset()
        results: list[float] = []
        for done, data in self.checked():
            if before:
                before(done - 1)
            with self.counted.watching(self.handle, data, data.sample_count, None) as count:
                trained = _native.train(
                    self.handle,
                    data,
                    data.sample_count,
                    count,
                    on_nan=self.on_nan,
                    continues=done > 1,
                )
            assert trained is not None  # nobody could have stopped it
            results = self.counted.completed(trained)
            if after and after(done, self.steps or done, results):
                return None
        self.tell("on_epoch_end")
        return results

    def evaluate(
        self, before: _BeforeBatch | None = None, after: _native.Progress | None = None
    ) -> list[float]:
        self.counted.reset()
        results: list[float] = []
        for done, data in self.checked():
            if before:
                before(done - 1)
            with self.counted.watching(self.handle, data, data.sample_count, None) as count:
                seen = _native.evaluate(
                    self.handle, data, data.sample_count, count, continues=done > 1
                )
            results = self.counted.completed(seen)
            if after:
                after(done, self.steps or done, results)
        return results

    def checked(self) -> Iterator[tuple[int, _native.Data]]:
        for done, (x, y, weight) in enumerate(self.batches.epoch(), 1):
            with _named_batch(f"{self.batches.prefix}batch {done}: "):
                xs, ys, weights = self.model._samples(x, y, weight)
                data = _native.Data(xs, ys, weights, self.class_weight)
                self.model._check(self.handle, data, self.on_nan)
            yield done, data

    def tell(self, hook: str) -> None:
        """Calls a method that a `PyDataset` may have."""
        method = getattr(self.batches.source, hook, None)
        if method is not None:
            method()


class _PredictionSource:
    """What a model predicts for."""

    @property
    def steps(self) -> int | None:
        """Batches; None if only going through them will tell."""
        raise NotImplementedError

    def predict(
        self, before: _BeforeBatch | None = None, after: _native.Progress | None = None
    ) -> Any:
        """The outputs, of which `after` is told batch by batch."""
        raise NotImplementedError


class _PredictionArrays(_PredictionSource):
    """Arrays: the core goes through them by itself."""

    def __init__(self, model: Any, xs: list[np.ndarray], batch: int) -> None:
        self.model, self.xs, self.batch = model, xs, batch

    @property
    def steps(self) -> int:
        return _steps(len(self.xs[0]), self.batch)

    def predict(
        self, before: _BeforeBatch | None = None, after: _native.Progress | None = None
    ) -> Any:
        return self.model._predicted(self.xs, self.batch, _announcing(before, after))


class _PredictionBatches(_PredictionSource):
    """Batches, one by one."""

    def __init__(self, model: Any, batches: Batches) -> None:
        self.model, self.batches = model, batches

    @property
    def steps(self) -> int | None:
        return self.batches.steps

    def predict(
        self, before: _BeforeBatch | None = None, after: _native.Progress | None = None
    ) -> Any:
        parts: list[list[np.ndarray]] = []
        for done, (x, _, _) in enumerate(self.batches.epoch(), 1):
            with _named_batch(f"batch {done}: "):
                xs = self.model._prediction_inputs(x)
            if before:
                before(done - 1)
            parts.append(_nest.flatten(self.model._predicted(xs, len(xs[0]))))
            if after:
                after(done, self.steps or done, parts[-1])
        return self.model._packed([np.concatenate(each) for each in zip(*parts, strict=True)])


@contextmanager
def _named_batch(prefix: str) -> Iterator[None]:
    """Puts in front of what is wrong with a batch which one it is."""
    try:
        yield
    except (NonFiniteError, ValueError, TypeError) as error:
        raise type(error)(f"{prefix}{error}") from None


def _nothing_beside_batches(verb: str, **arguments: Any) -> None:
    for name, value in arguments.items():
        if value is not None:
            raise ValueError(
                f"{verb}: x gives batches (x, y) or (x, y, sample_weight), so {name} must not be "
                "given beside it"
            )


def _first_steps(groups: Any, steps: int | None, batch: int, asked: str) -> Any:
    """The samples of the first steps, as views."""
    if steps is None:
        return groups
    if not isinstance(steps, int | np.integer) or steps < 1:
        raise ValueError(f"{asked} must be an integer from 1 up, got {steps!r}")
    count, wanted = len(groups[0][0]), int(steps) * batch
    if wanted - batch >= count:
        raise ValueError(
            f"{asked}={steps} batches of {batch} are more than the {count} samples there are"
        )
    return tuple([array[:wanted] for array in group] for group in groups)


# ---- Small parts -----------------------------------------------------------------------------


def _painting(line: ProgressLine, names: list[str]) -> Callable[[int, int, list[Any]], bool | None]:
    order = sorted(range(len(names)), key=names.__getitem__)

    def paint(done: int, _total: int, results: list[Any]) -> bool:
        line.update(done, lambda: {names[index]: results[index] for index in order})
        return False

    return paint


def _logs(names: list[str], results: list[Any] | None) -> dict[str, Any]:
    return dict(sorted(zip(names, results or [], strict=True)))


def _returned(names: list[str], results: list[Any] | None, return_dict: bool) -> Any:
    assert results is not None  # nothing here asks to stop
    if return_dict:
        return _logs(names, results)
    return results[0] if len(results) == 1 else results


def _steps(samples: int, batch: int) -> int:
    return -(-samples // batch)


def _batch_size(value: Any, what: str = "batch_size") -> int:
    if value is None:
        return _data.BATCH_SIZE
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{what} must be an integer from 1 up, got {value!r}")
    # More than any data has; larger numbers would not cross to the core.
    return min(int(value), 2**40)


def _class_weight(given: Any) -> dict[int, float] | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise TypeError(
            f"class_weight must be a dict from class number to weight, got {type(given).__name__}"
        )
    try:
        weights = {int(key): float(value) for key, value in given.items()}
    except (TypeError, ValueError):
        raise TypeError(f"class_weight must map class numbers to weights, got {given!r}") from None
    for key in weights:
        if abs(key) >= 2**62:
            raise ValueError(f"class_weight: {key} is no class number")
    return weights


def _split(samples: Any, share: float) -> tuple[Any, Any]:
    """Cuts the end off, as views."""
    if not 0 < share < 1:
        raise ValueError(f"validation_split must be from 0 to below 1, got {share!r}")
    count = len(samples[0][0])
    at = math.floor(count * (1.0 - share))
    if at in (0, count):
        raise ValueError(
            f"validation_split={share} of {count} samples leaves {at} to train on and "
            f"{count - at} to validate on; both need at least one"
        )
    head = tuple([array[:at] for array in group] for group in samples)
    tail = tuple([array[at:] for array in group] for group in samples)
    return head, tail


def _is_list_of_arrays(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(
        isinstance(part, np.ndarray | list | tuple) for part in value
    )
