"""The C library, and the only module that knows it: handles, arrays, status to exception.

Handles are cffi pointers that release themselves when nobody holds them any more. Every function
here is one call of ``martlet.h``; the header says what it does.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ._errors import NonFiniteError
from ._martlet import ffi, lib

if lib.martlet_abi_version() != lib.MARTLET_ABI_VERSION:
    raise ImportError(
        f"libmartlet.so has ABI version {lib.martlet_abi_version()}, this package was built for "
        f"{lib.MARTLET_ABI_VERSION}; build both together with: pip install ."
    )

Handle = Any  # a cffi pointer

_EXCEPTIONS: dict[int, type[Exception]] = {
    lib.MARTLET_INVALID_ARGUMENT: ValueError,
    lib.MARTLET_INVALID_TYPE: TypeError,
    lib.MARTLET_INVALID_STATE: ValueError,
    lib.MARTLET_NOT_FINITE: NonFiniteError,
    lib.MARTLET_OUT_OF_MEMORY: MemoryError,
    lib.MARTLET_FILE_ERROR: OSError,
}

_DTYPES = {
    np.dtype(np.float32): lib.MARTLET_FLOAT32,
    np.dtype(np.float64): lib.MARTLET_FLOAT64,
    np.dtype(np.int8): lib.MARTLET_INT8,
    np.dtype(np.uint8): lib.MARTLET_UINT8,
    np.dtype(np.int16): lib.MARTLET_INT16,
    np.dtype(np.uint16): lib.MARTLET_UINT16,
    np.dtype(np.int32): lib.MARTLET_INT32,
    np.dtype(np.uint32): lib.MARTLET_UINT32,
    np.dtype(np.int64): lib.MARTLET_INT64,
    np.dtype(np.uint64): lib.MARTLET_UINT64,
    np.dtype(np.bool_): lib.MARTLET_BOOL,
    np.dtype(np.float16): lib.MARTLET_FLOAT16,
}

#: What `np.ndarray.dtype` may be for an array to cross as it is.
DTYPES = frozenset(_DTYPES)

ON_NAN = {
    "stop": lib.MARTLET_ON_NAN_STOP,
    "ignore": lib.MARTLET_ON_NAN_IGNORE,
    "restore": lib.MARTLET_ON_NAN_RESTORE,
}


def _text(pointer: Any) -> str:
    return ffi.string(pointer).decode("utf-8")


def _check(status: int) -> None:
    if status == lib.MARTLET_OK:
        return
    error, _failure.error = getattr(_failure, "error", None), None
    try:
        raise error or _EXCEPTIONS.get(status, RuntimeError)(_text(lib.martlet_last_error()))
    finally:
        del error  # it holds this frame by its traceback


#: What a function that the core asked in this thread has raised, until the core has returned.
_failure = threading.local()


def _created_text(function: Callable[..., int], *arguments: Any) -> str:
    out = ffi.new("char **")
    _check(function(out, *arguments))
    return _taken_text(out)


def _taken_text(out: Any) -> str:
    try:
        return _text(out[0])
    finally:
        lib.martlet_text_release(out[0])


def _utf8(text: str | None) -> Any:
    return ffi.NULL if text is None else text.encode("utf-8")


def _plain(value: Any) -> Any:
    """NumPy scalars as the numbers they are, for JSON."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"expected a number, text or a list of them, got {value!r}")


def _json(value: Any) -> bytes:
    try:
        return json.dumps(value, default=_plain, allow_nan=False).encode("utf-8")
    except ValueError:
        raise ValueError(f"an argument is NaN or infinite: {value!r}") from None


# ---- Version and settings --------------------------------------------------------------------


def version() -> str:
    """Version of the core."""
    return _text(lib.martlet_version())


def instruction_set() -> str:
    """``"portable"``, ``"avx2"``, ``"avx512"``, ``"avx512_bf16"`` or ``"amx"``."""
    return _text(lib.martlet_instruction_set())


def settings_warning() -> str:
    """Why an environment variable was not followed, or nothing."""
    return _text(lib.martlet_settings_warning())


def thread_count() -> int:
    """Threads that compute."""
    return lib.martlet_thread_count()


def set_thread_count(count: int) -> None:
    """Sets the threads that compute; 0 for automatic."""
    _check(lib.martlet_set_thread_count(count))


def matmul_precision() -> str:
    """``"highest"`` or ``"high"``."""
    return _text(lib.martlet_matmul_precision())


def set_matmul_precision(precision: str) -> None:
    """Sets how exactly products are worked out."""
    _check(lib.martlet_set_matmul_precision(_utf8(precision)))


def set_random_seed(seed: int) -> None:
    """Starts all randomness of the core afresh."""
    lib.martlet_set_random_seed(seed)


def next_random_seed() -> int:
    """The next seed of the core's stream."""
    return lib.martlet_next_random_seed()


def random_position() -> int:
    """Where the core's stream of seeds stands: as a seed it makes the stream go on from here."""
    return lib.martlet_random_position()


def reset_names() -> None:
    """Makes automatic layer names start again."""
    lib.martlet_reset_names()


# ---- Layers and symbols ----------------------------------------------------------------------


def layer_create(class_name: str, attributes: dict[str, Any]) -> Handle:
    """A layer from its class name and attributes."""
    out = ffi.new("martlet_layer **")
    _check(lib.martlet_layer_create(out, class_name.encode(), _json(attributes)))
    return ffi.gc(out[0], lib.martlet_layer_release)


def layer_name(layer: Handle) -> str:
    """Name of the layer, given or automatic."""
    return _text(lib.martlet_layer_name(layer))


def layer_config(layer: Handle) -> dict[str, Any]:
    """The full configuration, defaults included."""
    return json.loads(_created_text(lib.martlet_layer_config, layer))


def layer_is_built(layer: Handle) -> bool:
    """Whether the layer has its weights."""
    return bool(lib.martlet_layer_is_built(layer))


def layer_is_trainable(layer: Handle) -> bool:
    """Whether training changes the layer's weights."""
    return bool(lib.martlet_layer_is_trainable(layer))


def layer_set_trainable(layer: Handle, trainable: bool) -> None:
    """Freezes or thaws the layer, from the next compile on."""
    _check(lib.martlet_layer_set_trainable(layer, int(trainable)))


def layer_seed(layer: Handle) -> int | None:
    """The key of the layer's random numbers; None where it draws none."""
    if not lib.martlet_layer_is_random(layer):
        return None
    seed = ffi.new("uint64_t *")
    _check(lib.martlet_layer_seed(seed, layer))
    return seed[0]


def layer_set_seed(layer: Handle, seed: int) -> None:
    """Gives the layer's random numbers another key."""
    _check(lib.martlet_layer_set_seed(layer, seed))


def layer_output_count(layer: Handle) -> int:
    """Outputs of one call: more than one for models only."""
    return lib.martlet_layer_output_count(layer)


def input_create(shape: Sequence[int | None], name: str) -> Handle:
    """An input of a model; the shape is that of one sample, None for what is left open."""
    out = ffi.new("martlet_symbol **")
    extents = [lib.MARTLET_OPEN if each is None else each for each in shape]
    _check(lib.martlet_input_create(out, extents, len(extents), _utf8(name)))
    return ffi.gc(out[0], lib.martlet_symbol_release)


def layer_call(layer: Handle, symbols: Sequence[Handle]) -> list[Handle]:
    """The symbols that the layer makes of the given ones."""
    count = layer_output_count(layer)
    outs = ffi.new("martlet_symbol *[]", count)
    inputs = ffi.new("martlet_symbol *[]", list(symbols))
    _check(lib.martlet_layer_call_all(outs, count, layer, inputs, len(symbols)))
    return [ffi.gc(out, lib.martlet_symbol_release) for out in ffi.unpack(outs, count)]


def symbol_shape(symbol: Handle) -> tuple[int | None, ...]:
    """Shape of one sample, None for what is left open."""
    extents = _shape_of_any_rank(
        lambda out, room, rank: lib.martlet_symbol_shape(symbol, out, room, rank)
    )
    return tuple(None if each == lib.MARTLET_OPEN else each for each in extents)


# ---- Weights ---------------------------------------------------------------------------------


class WeightInfo(NamedTuple):
    """What a weight is called and how large it is."""

    name: str
    layer: str
    trainable: bool
    shape: tuple[int, ...]


def weight_infos(layer: Handle) -> list[WeightInfo]:
    """All weights of a layer or model, in Keras's order."""
    count = lib.martlet_layer_weight_count(layer)
    return _infos(lib.martlet_layer_weight_info, layer, count)


def _infos(function: Callable[..., int], handle: Handle, count: int) -> list[WeightInfo]:
    info = ffi.new("martlet_weight_info *")
    info.struct_size = ffi.sizeof("martlet_weight_info")
    infos = []
    for index in range(count):
        _check(function(info, handle, index))
        shape = tuple(info.shape[axis] for axis in range(info.rank))
        infos.append(WeightInfo(_text(info.name), _text(info.layer), bool(info.trainable), shape))
    return infos


def get_weight(layer: Handle, index: int, shape: tuple[int, ...]) -> np.ndarray:
    """A copy of a weight."""
    values = np.empty(shape, np.float32)
    pointer = ffi.from_buffer(_FLOATS, values)
    _check(lib.martlet_layer_get_weight(layer, index, pointer, values.size))
    return values


def set_weights(layer: Handle, arrays: Sequence[np.ndarray]) -> None:
    """Sets all weights, or none of them if a shape is wrong."""
    views = _Views([np.atleast_1d(each) for each in arrays])
    _check(lib.martlet_layer_set_weights(layer, views.pointer, views.count))


# ---- Arrays ----------------------------------------------------------------------------------


# Types are looked up once: naming one in a call takes longer than making it.
_FLOATS = ffi.typeof("float[]")
_FLOAT_POINTERS = ffi.typeof("float *[]")
_DOUBLES = ffi.typeof("double[]")
_EXTENTS = ffi.typeof("int64_t[]")
_ARRAYS = ffi.typeof("martlet_array[]")
_OPTIONS = ffi.typeof("martlet_epoch_options *")
_OPTIONS_SIZE = ffi.sizeof("martlet_epoch_options")


def _view(array: np.ndarray) -> tuple[Any, ...]:
    """The fields of a `martlet_array`. They hold what they point to."""
    strides = ffi.NULL
    if array.flags.c_contiguous:
        data = ffi.from_buffer(array)
    else:
        # `array.ctypes.data` would import ctypes and make several objects.
        data = ffi.cast("void *", array.__array_interface__["data"][0])
        strides = ffi.new(_EXTENTS, array.strides)
    return data, ffi.new(_EXTENTS, array.shape), strides, array.ndim, _DTYPES[array.dtype]


class _Views:
    """Arrays as the core sees them, kept alive as long as this object."""

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        views = [_view(each) for each in arrays]
        self.count = len(views)
        self.pointer = ffi.new(_ARRAYS, views)
        self._keep = (arrays, views)


class Data:
    """Samples with their targets, as the training calls take them."""

    def __init__(
        self,
        x: Sequence[np.ndarray],
        y: Sequence[np.ndarray],
        sample_weight: Sequence[np.ndarray] = (),
        class_weight: dict[int, float] | None = None,
    ) -> None:
        self.sample_count = len(x[0])
        self.y, self.sample_weight = list(y), list(sample_weight)
        self.weighs_classes = bool(class_weight)
        xs, ys, weights = _Views(x), _Views(y), _Views(sample_weight)
        self.x = xs
        self.pointer = data = ffi.new("martlet_data *")
        data.struct_size = ffi.sizeof("martlet_data")
        data.x, data.x_count = xs.pointer, xs.count
        data.y, data.y_count = ys.pointer, ys.count
        data.sample_weight, data.sample_weight_count = weights.pointer, weights.count
        self._keep: tuple[Any, ...] = (ys, weights)
        if class_weight:
            data.classes = classes = ffi.new(_EXTENTS, list(class_weight))
            data.class_weights = values = ffi.new("double[]", list(class_weight.values()))
            data.class_weight_count = len(class_weight)
            self._keep += (classes, values)


#: Of targets and predictions: a value for each sample and the gradients of these, as arrays.
LossFunction = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


class _CallersLoss:
    """A loss function, and the shapes of a sample that it is called with."""

    def __init__(
        self, function: LossFunction, target: tuple[int, ...], prediction: tuple[int, ...]
    ) -> None:
        self.function, self.target, self.prediction = function, target, prediction


def loss_layer_create(
    name: str, function: LossFunction, target: tuple[int, ...], prediction: tuple[int, ...]
) -> tuple[Handle, Any]:
    """A layer of a loss that Python works out.

    Returns
    -------
    tuple
        The layer, and what has to be kept as long as the core may ask. What the function raises
        comes out of the call that trains.
    """
    out = ffi.new("martlet_layer **")
    user = ffi.new_handle(_CallersLoss(function, target, prediction))
    _check(lib.martlet_layer_create_loss(out, _utf8(name), lib.martlet_python_loss, user))
    return ffi.gc(out[0], lib.martlet_layer_release), user


def _keep_loss_failure(_kind: Any, error: BaseException, _traceback: Any) -> None:
    _failure.error = error


@ffi.def_extern(name="martlet_python_loss", error=1, onerror=_keep_loss_failure)
def _loss(
    user: Any, count: int, targets: Any, predictions: Any, values: Any, gradients: Any
) -> int:
    loss = ffi.from_handle(user)

    def view(pointer: Any, shape: tuple[int, ...]) -> np.ndarray:
        buffer = ffi.buffer(pointer, 4 * count * math.prod(shape))
        return np.frombuffer(buffer, np.float32).reshape(count, *shape)

    # Copies, which the function may keep.
    made = loss.function(
        view(targets, loss.target).copy(), view(predictions, loss.prediction).copy()
    )
    view(values, ())[...], view(gradients, loss.prediction)[...] = made
    return 0


# ---- Models ----------------------------------------------------------------------------------


def model_create(
    inputs: Sequence[Handle], outputs: Sequence[Handle], class_name: str, name: str
) -> Handle:
    """A model from its input and output symbols."""
    out = ffi.new("martlet_model **")
    ins = ffi.new("martlet_symbol *[]", list(inputs))
    outs = ffi.new("martlet_symbol *[]", list(outputs))
    _check(
        lib.martlet_model_create(
            out, ins, len(inputs), outs, len(outputs), class_name.encode(), _utf8(name)
        )
    )
    return ffi.gc(out[0], lib.martlet_model_release)


def model_as_layer(model: Handle) -> Handle:
    """The model as a layer."""
    out = ffi.new("martlet_layer **")
    _check(lib.martlet_model_as_layer(out, model))
    return ffi.gc(out[0], lib.martlet_layer_release)


def model_describe(model: Handle) -> dict[str, Any]:
    """Layers, calls and shapes of the model."""
    return json.loads(_created_text(lib.martlet_model_describe, model))


def model_save(model: Handle, path: str, options: dict[str, Any]) -> None:
    """Writes a safetensors file, whole or not at all."""
    _check(lib.martlet_model_save(model, _utf8(path), _json(options)))


def model_load(path: str) -> Handle:
    """The model of a safetensors file."""
    out = ffi.new("martlet_model **")
    _check(lib.martlet_model_load(out, _utf8(path)))
    return ffi.gc(out[0], lib.martlet_model_release)


def model_file_metadata(path: str) -> dict[str, str]:
    """Texts that a safetensors file holds beside the tensors."""
    return json.loads(_created_text(lib.martlet_model_file_metadata, _utf8(path)))


def model_compile(model: Handle, configuration: dict[str, Any]) -> None:
    """Gets the model ready to train."""
    _check(lib.martlet_model_compile(model, _json(configuration)))


def model_compile_graphs(
    model: Handle, configuration: dict[str, Any], graphs: Sequence[Handle]
) -> None:
    """The same with losses and metrics that are graphs."""
    handles = ffi.new("martlet_model *[]", list(graphs))
    _check(lib.martlet_model_compile_graphs(model, _json(configuration), handles, len(graphs)))


class Observation:
    """What a model gave for the batch of training or evaluation that is done.

    Attributes
    ----------
    outputs : list of numpy.ndarray
        With room for `capacity` samples.
    samples : numpy.ndarray
        The places of the batch's samples in the data.
    """

    def __init__(
        self,
        model: Handle,
        shapes: Sequence[tuple[int | None, ...]],
        data: Data,
        capacity: int,
    ) -> None:
        sized = _sized(model, shapes, data.x)
        self.outputs = [np.empty((capacity, *shape), np.float32) for shape in sized]
        self.samples = np.empty(capacity, np.int64)

    def begin(self, model: Handle) -> None:
        """Has the model write here."""
        places = ffi.new(_FLOAT_POINTERS, [ffi.from_buffer(_FLOATS, out) for out in self.outputs])
        samples = ffi.from_buffer(_EXTENTS, self.samples)
        count = len(self.outputs)
        _check(lib.martlet_model_observe(model, places, count, samples, len(self.samples)))

    def end(self, model: Handle) -> None:
        """Has it no longer write here."""
        _check(lib.martlet_model_observe(model, ffi.NULL, 0, ffi.NULL, 0))


def result_names(model: Handle) -> list[str]:
    """Keys of the numbers that training reports."""
    count = lib.martlet_model_result_count(model)
    return [_text(lib.martlet_model_result_name(model, index)) for index in range(count)]


def check_optimizer(description: dict[str, Any]) -> None:
    """Raises for an optimizer that the core would not take."""
    _check(lib.martlet_optimizer_check(_json(description)))


def learning_rates(schedule: dict[str, Any], steps: np.ndarray) -> np.ndarray:
    """What a schedule says of steps, as float64 numbers in the same shape."""
    steps = np.ascontiguousarray(steps, np.float64).reshape(steps.shape)
    rates = np.empty(steps.shape)
    _check(
        lib.martlet_learning_rates(
            _json(schedule),
            ffi.from_buffer(_DOUBLES, steps),
            ffi.from_buffer(_DOUBLES, rates),
            steps.size,
        )
    )
    return rates


def set_learning_rate_schedule(model: Handle, schedule: dict[str, Any]) -> None:
    """Makes the learning rate follow a schedule that the core knows."""
    _check(lib.martlet_model_set_learning_rate_schedule(model, _json(schedule)))


def set_learning_rate_function(model: Handle, function: Callable[[int], float]) -> Any:
    """Makes the core ask a function for the learning rate of each step.

    Returns
    -------
    Any
        What has to be kept as long as the core may ask. What the function raises comes out of the
        call that trains.
    """
    user = ffi.new_handle(function)
    _check(
        lib.martlet_model_set_learning_rate_function(model, lib.martlet_python_learning_rate, user)
    )
    return user


def _keep_failure(_kind: Any, error: BaseException, _traceback: Any) -> None:
    _failure.error = error


@ffi.def_extern(name="martlet_python_learning_rate", error=1, onerror=_keep_failure)
def _learning_rate(user: Any, steps: int, rate: Any) -> int:
    rate[0] = ffi.from_handle(user)(steps)
    return 0


def apply_gradients(model: Handle, gradients: Sequence[np.ndarray]) -> None:
    """One step of the optimizer with these gradients."""
    views = _Views(gradients)
    _check(lib.martlet_model_apply_gradients(model, views.pointer, views.count))


def finalize_weights(model: Handle) -> None:
    """Puts the optimizer's averages in the place of the weights, if it has any."""
    _check(lib.martlet_model_finalize_weights(model))


def _result_shapes(model: Handle) -> list[tuple[int, ...]] | None:
    """Shapes of the results; None where all are single numbers."""
    count = lib.martlet_model_result_count(model)
    if lib.martlet_model_value_count(model) == count:
        return None

    def shape(index: int) -> tuple[int, ...]:
        return _shape(lambda out, rank: lib.martlet_model_result_shape(model, index, out, 2, rank))

    return [shape(index) for index in range(count)]


def _shape(call: Callable[[Any, Any], int]) -> tuple[int, ...]:
    """What a call writes to room for two extents, and to a rank."""
    rank, extents = ffi.new("int32_t *"), ffi.new("int64_t[2]")
    _check(call(extents, rank))
    return tuple(extents[axis] for axis in range(rank[0]))


def _shape_of_any_rank(call: Callable[[Any, int, Any], int]) -> tuple[int, ...]:
    """What a call writes to room for so many extents, and to a rank."""
    rank = ffi.new("int32_t *")
    _check(call(ffi.NULL, 0, rank))
    extents = ffi.new(_EXTENTS, rank[0])
    _check(call(extents, rank[0], rank))
    return tuple(ffi.unpack(extents, rank[0]))


def _split(values: list[float], shapes: list[tuple[int, ...]] | None) -> list[Any]:
    """Results as numbers and arrays."""
    if shapes is None:
        return values
    results: list[Any] = []
    start = 0
    for shape in shapes:
        end = start + math.prod(shape)
        part = values[start:end]
        results.append(np.array(part).reshape(shape) if shape else part[0])
        start = end
    return results


def optimizer_value(model: Handle, name: str) -> float:
    """One of the optimizer's numbers."""
    value = ffi.new("double *")
    _check(lib.martlet_model_optimizer_value(model, name.encode(), value))
    return value[0]


def set_optimizer_value(model: Handle, name: str, value: float) -> None:
    """Changes one of the optimizer's numbers."""
    _check(lib.martlet_model_set_optimizer_value(model, name.encode(), value))


def optimizer_parameter_count(model: Handle) -> int:
    """Values in the optimizer's state."""
    return lib.martlet_model_optimizer_parameter_count(model)


def optimizer_weight_infos(model: Handle) -> list[WeightInfo]:
    """All parts of the optimizer's state, in Keras's order."""
    count = lib.martlet_model_optimizer_weight_count(model)
    return _infos(lib.martlet_model_optimizer_weight_info, model, count)


def optimizer_weight(model: Handle, index: int, shape: tuple[int, ...]) -> np.ndarray:
    """A copy of a part of the optimizer's state."""
    values = np.empty(shape, np.float32)
    pointer = ffi.from_buffer(_FLOATS, values)
    _check(lib.martlet_model_optimizer_weight_get(model, index, pointer, values.size))
    return values


def set_optimizer_weight(model: Handle, index: int, array: np.ndarray) -> None:
    """Sets a part of the optimizer's state; a scalar comes in the shape (1,)."""
    view = _Views([array])
    _check(lib.martlet_model_optimizer_weight_set(model, index, view.pointer))


def model_check(model: Handle, data: Data) -> None:
    """Raises if the data does not fit the compiled model."""
    _check(lib.martlet_model_check(model, data.pointer))


#: Called after each batch with the batches done, their total and the values so far; True stops.
Progress = Callable[[int, int, list[Any]], bool | None]


class _Listener:
    """Hands progress to a function and keeps what that raised until the core has returned."""

    def __init__(self, function: Progress) -> None:
        self.function = function
        self.error: BaseException | None = None


def _keep_error(_kind: Any, error: BaseException, traceback: Any) -> None:
    # Ctrl-C may strike before the first line of the callback has run, and all that is left then
    # are its arguments.
    user = traceback.tb_frame.f_locals.get("user") if traceback else None
    if user:
        ffi.from_handle(user).error = error


@ffi.def_extern(name="martlet_python_progress", error=1, onerror=_keep_error)
def _progress(user: Any, done: int, total: int, results: Any, count: int) -> int:
    listener = ffi.from_handle(user)
    values = ffi.unpack(results, count) if count else []
    return 1 if listener.function(done, total, values) else 0


def _run(
    call: Callable[[Any], int],
    batch_size: int,
    progress: Progress | None,
    shuffle: bool = False,
    on_nan: str = "stop",
    continues: bool = False,
) -> bool:
    """Calls into the core with options; True unless progress stopped it.

    The core asks after each batch, so that is where Python's signal handlers run and where Ctrl-C
    takes effect. The lock of the interpreter is free in between.
    """
    options = ffi.new(_OPTIONS)
    options.struct_size = _OPTIONS_SIZE
    options.batch_size = batch_size
    options.shuffle = shuffle
    options.on_nan = ON_NAN[on_nan]
    options.continues = continues
    if progress is None:
        _check(call(options))
        _raise_kept()
        return True
    listener = _Listener(progress)
    options.progress = lib.martlet_python_progress
    options.user = user = ffi.new_handle(listener)
    status = call(options)
    del user  # the core has been calling back through it until here
    if listener.error is not None:
        # The error holds this frame by its traceback: let go of it, or only the garbage collector
        # could free what the frame holds.
        error, listener.error = listener.error, None
        try:
            raise error
        finally:
            del error
    if status == lib.MARTLET_STOPPED:
        return False
    _check(status)
    _raise_kept()
    return True


def _raise_kept() -> None:
    """Raises what a function has raised in a call of the core that went on all the same."""
    error, _failure.error = getattr(_failure, "error", None), None
    if error is None:
        return
    try:
        raise error
    finally:
        del error


def _listening(
    progress: Progress | None,
    samples: int,
    batch_size: int,
    shapes: list[tuple[int, ...]] | None = None,
) -> Progress | None:
    """What to call after each batch: behind the only one the core returns anyway."""
    if progress is None:
        return _goes_on if samples > batch_size else None
    if shapes is None:
        return progress
    return lambda done, total, values: progress(done, total, _split(values, shapes))


def _goes_on(_done: int, _total: int, _results: list[Any]) -> bool:
    return False


def train(
    model: Handle,
    data: Data,
    batch_size: int,
    progress: Progress | None = None,
    shuffle: bool = False,
    on_nan: str = "stop",
    continues: bool = False,
) -> list[Any] | None:
    """One pass that updates the weights; None if progress stopped it.

    With `continues` the data goes on where that of the previous call ended.
    """
    count, shapes = lib.martlet_model_value_count(model), _result_shapes(model)
    results = ffi.new("double[]", max(count, 1))
    finished = _run(
        lambda options: lib.martlet_model_train(model, data.pointer, options, results),
        batch_size,
        _listening(progress, data.sample_count, batch_size, shapes),
        shuffle,
        on_nan,
        continues,
    )
    return _split(ffi.unpack(results, count), shapes) if finished else None


def evaluate(
    model: Handle,
    data: Data,
    batch_size: int,
    progress: Progress | None = None,
    continues: bool = False,
) -> list[Any]:
    """One pass that changes nothing. Progress may raise, but not stop it.

    With `continues` the data goes on where that of the previous call ended.
    """
    count, shapes = lib.martlet_model_value_count(model), _result_shapes(model)
    results = ffi.new("double[]", max(count, 1))
    finished = _run(
        lambda options: lib.martlet_model_evaluate(model, data.pointer, options, results),
        batch_size,
        _listening(progress, data.sample_count, batch_size, shapes),
        continues=continues,
    )
    assert finished
    return _split(ffi.unpack(results, count), shapes)


def predict(
    model: Handle,
    x: Sequence[np.ndarray],
    output_shapes: Sequence[tuple[int | None, ...]],
    batch_size: int,
    progress: Progress | None = None,
    training: bool = False,
) -> list[np.ndarray]:
    """Outputs of the model, of these shapes; where they leave sizes open, of what follows from x.

    Progress gets those of the batch that is done. It may raise, but not stop it.
    """
    count = len(x[0])
    views = _Views(x)
    shapes = _sized(model, output_shapes, views)
    outputs = [np.empty((count, *shape), np.float32) for shape in shapes]
    places = ffi.new(_FLOAT_POINTERS, [ffi.from_buffer(_FLOATS, out) for out in outputs])

    def of_batch(progress: Progress) -> Progress:
        def told(done: int, total: int, _values: list[Any]) -> bool | None:
            part = slice((done - 1) * batch_size, done * batch_size)
            return progress(done, total, [out[part] for out in outputs])

        return told

    finished = _run(
        lambda options: lib.martlet_model_predict(
            model, views.pointer, views.count, training, options, places, len(outputs)
        ),
        batch_size,
        _listening(progress and of_batch(progress), count, batch_size),
    )
    assert finished
    return outputs


def _sized(
    model: Handle, shapes: Sequence[tuple[int | None, ...]], x: _Views
) -> Sequence[tuple[Any, ...]]:
    """Shapes of the outputs; where they leave sizes open, of what follows from these inputs."""
    if not any(None in shape for shape in shapes):
        return shapes
    return [_output_shape(model, x, index) for index in range(len(shapes))]


def _output_shape(model: Handle, x: _Views, index: int) -> tuple[int, ...]:
    """Shape of one sample of an output for these inputs."""
    return _shape_of_any_rank(
        lambda out, room, rank: lib.martlet_model_output_shape(
            model, x.pointer, x.count, index, out, room, rank
        )
    )


def input_gradients(
    model: Handle,
    x: Sequence[np.ndarray],
    factors: Sequence[np.ndarray],
    of_scores: bool,
    batch_size: int,
) -> list[np.ndarray]:
    """Gradients of the sum of outputs times factors, with respect to the inputs."""
    gradients = [np.empty(each.shape, np.float32) for each in x]
    places = ffi.new(_FLOAT_POINTERS, [ffi.from_buffer(_FLOATS, each) for each in gradients])
    views, weights = _Views(x), _Views(factors)
    finished = _run(
        lambda options: lib.martlet_model_input_gradients(
            model,
            views.pointer,
            views.count,
            weights.pointer,
            weights.count,
            of_scores,
            options,
            places,
            len(gradients),
        ),
        batch_size,
        _listening(None, len(x[0]), batch_size),
    )
    assert finished
    return gradients


def profile(model: Handle, data: Data, batch_size: int) -> dict[str, Any]:
    """What the time of the batches went into; training where there are targets."""
    out = ffi.new("char **")
    finished = _run(
        lambda options: lib.martlet_model_profile(out, model, data.pointer, options),
        batch_size,
        _goes_on,
    )
    assert finished
    return json.loads(_taken_text(out))


# ---- Losses and metrics by themselves --------------------------------------------------------


def loss_values(
    configuration: dict[str, Any],
    y_true: np.ndarray,
    y_pred: np.ndarray,
    weights: np.ndarray | None,
    capacity: int,
) -> np.ndarray:
    """The loss of predictions: at most so many values."""
    values, count = np.empty(capacity, np.float32), ffi.new("int64_t *")
    views = [_pointer(each) for each in (y_true, y_pred, weights)]
    pointer = ffi.from_buffer(_FLOATS, values)
    _check(
        lib.martlet_loss_values(
            pointer, capacity, count, _json(configuration), *(view for view, _ in views)
        )
    )
    return values[: count[0]]


def _pointer(array: np.ndarray | None) -> tuple[Any, Any]:
    """What the core sees of an array, and what keeps it alive."""
    if array is None:
        return ffi.NULL, None
    views = _Views([array])
    return views.pointer, views


def metric_create(configuration: dict[str, Any]) -> Handle:
    """A metric to be fed by hand."""
    out = ffi.new("martlet_metric **")
    _check(lib.martlet_metric_create(out, _json(configuration)))
    return ffi.gc(out[0], lib.martlet_metric_release)


def metric_update(
    metric: Handle, y_true: np.ndarray | None, y_pred: np.ndarray, weights: np.ndarray | None
) -> None:
    """Counts samples."""
    views = [_pointer(each) for each in (y_true, y_pred, weights)]
    _check(lib.martlet_metric_update(metric, *(view for view, _ in views)))


def metric_reset(metric: Handle) -> None:
    """Forgets all samples."""
    _check(lib.martlet_metric_reset(metric))


def metric_result(metric: Handle) -> Any:
    """A number, or an array of them."""
    shape = _shape(lambda out, rank: lib.martlet_metric_result(metric, ffi.NULL, 0, out, rank))
    count = math.prod(shape)
    values = ffi.new("double[]", count)
    _shape(lambda out, rank: lib.martlet_metric_result(metric, values, count, out, rank))
    return _split(ffi.unpack(values, count), [shape])[0]
