"""Configurations as Keras 1 and 2 wrote them, in the words of Keras 3."""

from __future__ import annotations

from typing import Any

from ._errors import not_supported, unknown_name

_Config = dict[str, Any]
_MODELS = ("Sequential", "Model", "Functional")


# ---- Layers and models -----------------------------------------------------------------------


def modern(description: _Config) -> _Config:
    """The description of a layer or model.

    Raises
    ------
    NotImplementedError
        For what no layer of today does; the message names the layer.
    """
    class_name: str = description["class_name"]
    config: Any = description["config"]
    if class_name in _MODELS:
        # Keras 1 had the layers of a chain alone, without a name of the whole.
        config = {"layers": config} if isinstance(config, list) else config
        config = {**config, "layers": [modern(each) for each in config["layers"]]}
        return {**description, "config": config}
    config = dict(config)
    name = config.get("name", class_name)
    if class_name == "Merge":
        class_name, config = _merging(config, name)
    class_name = _CLASSES.get(class_name, class_name)
    _unite_sizes(config)
    shape = config.pop("batch_input_shape", None)
    for old, new in _ARGUMENTS.items():
        if old in config:
            config[_SPECIAL.get((class_name, old), new)] = config.pop(old)
    _settle_input(class_name, config, shape)
    without_effect = _WITHOUT_EFFECT | _WITHOUT_EFFECT_ON.get(class_name, {})
    for key, value in without_effect.items():
        if key in config and (value is ... or config[key] in value):
            del config[key]
    for key in list(config):
        config[key] = _modern_argument(key, config[key], name)
        if config[key] is _LEFT_OUT:
            del config[key]
    axis = config.get("axis")
    if class_name == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
        [config["axis"]] = axis
    return {**description, "class_name": class_name, "config": config}


#: Classes that have another name now, where Martlet's own aliases do not know it.
_CLASSES = {
    "AtrousConvolution2D": "Conv2D",
    "AtrousConvolution1D": "Conv1D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose",
    "SeparableConvolution2D": "SeparableConv2D",
    "SyncBatchNormalization": "BatchNormalization",
}

_ARGUMENTS = {
    "W_constraint": "kernel_constraint",
    "W_regularizer": "kernel_regularizer",
    "atrous_rate": "dilation_rate",
    "b_constraint": "bias_constraint",
    "b_regularizer": "bias_regularizer",
    "beta_init": "beta_initializer",
    "bias": "use_bias",
    "border_mode": "padding",
    "depthwise_init": "depthwise_initializer",
    "dim_ordering": "data_format",
    "filter_length": "kernel_size",
    "gamma_init": "gamma_initializer",
    "init": "kernel_initializer",
    "nb_filter": "filters",
    "output_dim": "units",
    "p": "rate",
    "pointwise_init": "pointwise_initializer",
    "pool_length": "pool_size",
    "sigma": "stddev",
    "stride": "strides",
    "subsample": "strides",
    "subsample_length": "strides",
}

#: Of classes in which an argument means something else than in most.
_SPECIAL = {("PReLU", "init"): "alpha_initializer"}

#: Arguments that change nothing, with the values for which that is so; ... for all.
_WITHOUT_EFFECT: dict[str, Any] = {
    "adjustment": (None,),
    "create_input_layer": ...,
    "fused": ...,
    "input_dtype": ...,
    "input_length": ...,
    "mode": (0,),
    "ragged": (False, None),
    "sparse": (False, None),
    "virtual_batch_size": (None,),
    "weights": (None,),
}

#: What Keras 2 wrote of a convolution that these layers are not.
_OF_A_CONVOLUTION = {
    "groups": (1,),
    "kernel_constraint": (None,),
    "kernel_initializer": ...,
    "kernel_regularizer": (None,),
}
#: The same for single classes.
_WITHOUT_EFFECT_ON: dict[str, dict[str, Any]] = {
    "Conv2DTranspose": {"groups": (1,)},
    "DepthwiseConv2D": _OF_A_CONVOLUTION,
    "SeparableConv2D": _OF_A_CONVOLUTION,
}


def _unite_sizes(config: _Config) -> None:
    """Keras 1 said the sides of a kernel one by one."""
    if "nb_row" in config and "nb_col" in config:
        config["kernel_size"] = [config.pop("nb_row"), config.pop("nb_col")]


def _settle_input(class_name: str, config: _Config, shape: Any) -> None:
    width = config.pop("input_dim", None) if class_name not in ("Embedding",) else None
    if shape is None and width is not None:
        shape = [None, width]
    if class_name == "InputLayer":
        if shape is not None:
            config["batch_shape"] = shape
    elif shape is not None:
        config["input_shape"] = shape[1:]
    if class_name == "Conv2DTranspose":
        # It follows from the other arguments.
        config.pop("output_shape", None)


#: What an argument becomes that is not given.
_LEFT_OUT = object()


def _modern_argument(key: str, value: Any, name: str) -> Any:
    """The value of an argument."""
    if key == "data_format":
        return {"tf": "channels_last", "th": "channels_first", "default": _LEFT_OUT}.get(
            value, value
        )
    if key == "dtype":
        return _policy(value)
    if isinstance(value, dict) and value.get("type") == "ndarray":
        return value["value"]
    if key.endswith("_initializer"):
        return _initializer(value)
    if key.endswith(("_regularizer", "_constraint")):
        return _rule(value, name)
    if key in ("padding", "cropping") and isinstance(value, dict):
        sides = [f"{side}_{'pad' if key == 'padding' else 'crop'}" for side in _SIDES]
        top, bottom, left, right = (value.get(side, 0) for side in sides)
        return [[top, bottom], [left, right]]
    return value


_SIDES = ("top", "bottom", "left", "right")


def _policy(value: Any) -> Any:
    """A policy by its name, from an object of Keras 2."""
    if isinstance(value, dict) and "config" in value:
        return value["config"].get("name", value)
    return value


_INITIALIZERS = {
    "normal": "random_normal",
    "one": "ones",
    "uniform": "random_uniform",
    "zero": "zeros",
}


def _initializer(value: Any) -> Any:
    if isinstance(value, str):
        return _INITIALIZERS.get(value, value)
    if isinstance(value, dict) and isinstance(value.get("config"), dict):
        config = {key: each for key, each in value["config"].items() if key != "dtype"}
        return {**value, "config": config}
    return value


def _rule(value: Any, layer: str) -> Any:
    """A regularizer or constraint; those of Keras 1 had their arguments beside their name."""
    if not isinstance(value, dict) or "name" not in value or "class_name" in value:
        return value
    given = {key: each for key, each in value.items() if key != "name"}
    kind = value["name"]
    if kind in ("WeightRegularizer", "L1L2Regularizer", "ActivityRegularizer"):
        return {"class_name": "L1L2", "config": given}
    if kind in ("MaxNorm", "NonNeg", "UnitNorm"):
        renamed = {"max_value" if key == "m" else key: each for key, each in given.items()}
        return {"class_name": kind, "config": renamed}
    return not_supported(f"layer '{layer}': {kind} of Keras 1")


_MERGING = {
    "ave": "Average",
    "concat": "Concatenate",
    "max": "Maximum",
    "mul": "Multiply",
    "sum": "Add",
}


def _merging(config: _Config, name: str) -> tuple[str, _Config]:
    """The layer that a `Merge` of Keras 1 is, by its mode."""
    mode = config.get("mode", "sum")
    if mode not in _MERGING:
        not_supported(f"layer '{name}': Merge with mode={mode!r} of Keras 1")
    if config.get("layers"):
        not_supported(
            f"layer '{name}': Merge of Keras 1 with models of its own at the start of a Sequential"
        )
    kept = {key: value for key, value in config.items() if key in ("name", "trainable")}
    if mode == "concat":
        kept["axis"] = config.get("concat_axis", -1)
    return _MERGING[mode], kept


# ---- Weights ---------------------------------------------------------------------------------


def order_of_axes(layer: Any, shape: tuple[int, ...], version: str) -> tuple[int, ...] | None:
    """How the axes of a layer's first weight stand in a file, where Keras 1 had another order.

    Parameters
    ----------
    layer
        The layer as it is now.
    shape
        In the file.
    version
        Of the Keras that wrote it.

    Returns
    -------
    tuple
        The file's axes in today's order; None where they are the same.
    """
    kind = type(layer).__name__
    if not version.startswith("1") or len(shape) != 4:
        return None
    is_first = layer.get_config().get("data_format") == "channels_first"
    if kind in ("Conv2D", "Conv1D") and is_first:
        return (2, 3, 1, 0)
    if kind == "Conv2DTranspose":
        return (2, 3, 0, 1) if is_first else (0, 1, 3, 2)
    return None


# ---- Training --------------------------------------------------------------------------------


def modern_training(training: _Config) -> _Config:
    """What `compile` takes, of the attribute ``training_config``."""
    optimizer = training.get("optimizer_config") or training.get("optimizer")
    return {
        "optimizer": _optimizer(optimizer),
        "loss": _losses(training.get("loss")),
        "loss_weights": training.get("loss_weights"),
        "metrics": _metrics(training.get("metrics")),
        "weighted_metrics": _metrics(training.get("weighted_metrics")),
    }


def _optimizer(description: Any) -> Any:
    if not isinstance(description, dict):
        return description
    given = dict(description.get("config", {}))
    if "lr" in given:
        given["learning_rate"] = given.pop("lr")
    decay = given.pop("decay", 0.0)
    if decay:
        # The rate of Keras 1 and 2: lr / (1 + decay · steps).
        given["learning_rate"] = {
            "module": "keras.optimizers.schedules",
            "class_name": "InverseTimeDecay",
            "config": {
                "initial_learning_rate": given["learning_rate"],
                "decay_steps": 1,
                "decay_rate": decay,
            },
            "registered_name": None,
        }
    for key in ("is_legacy_optimizer", "jit_compile", "schedule_decay"):
        given.pop(key, None)
    if given.get("epsilon", 0) is None:
        del given["epsilon"]
    name = description["class_name"].rpartition(">")[2]
    return {"class_name": _OPTIMIZERS.get(name.lower(), name), "config": given}


_OPTIMIZERS = {
    each.lower(): each
    for each in ("SGD", "RMSprop", "Adam", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl")
}


def _losses(value: Any) -> Any:
    """Losses with the reduction that ``"auto"`` stood for."""
    if isinstance(value, list):
        return [_losses(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        return {key: _losses(each) for key, each in value.items()}
    config = dict(value.get("config") or {})
    if config.get("reduction") == "auto":
        del config["reduction"]
    return {**value, "config": config}


def _metrics(value: Any) -> Any:
    """Metrics by name, where Keras 2 has a function wrapped up."""
    if isinstance(value, list):
        return [_metrics(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        return {key: _metrics(each) for key, each in value.items()}
    if value["class_name"] != "MeanMetricWrapper":
        return value
    config = value["config"]
    if config.get("name") in ("accuracy", "acc"):
        return config["name"]
    function = config.get("fn")
    if not isinstance(function, str):
        raise unknown_name("metric", config.get("name"), ["accuracy"])
    return function
