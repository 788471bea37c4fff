"""Operations on symbols as Keras's files have them, and the layers that do the same here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._errors import not_supported

_NUMPY = "keras.src.ops.numpy"
_Arguments = dict[str, Any]
#: A class of layers, and its arguments.
_Made = tuple[str, _Arguments]


# ---- Writing ---------------------------------------------------------------------------------


def written(layer: Any) -> _Arguments | None:
    """The description of a layer that Keras knows as an operation only; None for others."""
    from .layers import _operations

    config = layer.get_config() if type(layer).__module__ == _operations.__name__ else {}
    match type(layer):
        case _operations.ElementFunction:
            name = _ELEMENT_FUNCTIONS_BACK[config["function"]]
            arguments: _Arguments = {}
        case _operations.Reduction:
            name = config["function"].capitalize()
            arguments = {"axis": config["axis"], "keepdims": config["keepdims"]}
        case _operations.Clip:
            name = "Clip"
            arguments = {"x_min": config["minimum"], "x_max": config["maximum"]}
        case _operations.Matmul:
            name, arguments = "Matmul", {}
        case _operations.Where:
            name, arguments = "Where", {}
        case _operations.Argmax:
            name, arguments = "Argmax", {"axis": -1, "keepdims": False}
        case _operations.Slice:
            name, arguments = "GetItem", {}
        case _operations.Constant | _operations.Weight:
            not_supported(
                f"a file of a model in which the numbers of '{layer.name}' stand in an operation "
                "outside a layer of your own; put them into one,"
            )
        case _:
            return None
    return {
        "module": _NUMPY,
        "class_name": name,
        "config": {"name": layer.name, **arguments},
        "registered_name": name,
    }


def written_arguments(layer: Any, inputs: list[Any]) -> list[Any]:
    """What Keras calls such an operation on: each symbol is an argument of its own."""
    from .layers import _operations

    if type(layer) is not _operations.Slice:
        return inputs
    config = layer.get_config()
    parts = [_WHOLE]
    for start, size, step in zip(config["starts"], config["sizes"], config["steps"], strict=True):
        if size == -1:
            parts.append(_WHOLE)
            continue
        stop = start + size * step
        # Backwards to the first number: -1 would be the last one.
        parts.append(_written_slice(start, None if stop < 0 else stop, step))
    return [*inputs, parts]


def _written_slice(start: int | None, stop: int | None, step: int | None) -> _Arguments:
    return {"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": step}}


_WHOLE = _written_slice(None, None, None)


# ---- Reading ---------------------------------------------------------------------------------

_ELEMENT_FUNCTIONS = {
    "Absolute": "abs",
    "Exp": "exp",
    "Log": "log",
    "Reciprocal": "reciprocal",
    "Sign": "sign",
    "Sqrt": "sqrt",
    "Square": "square",
}
_ELEMENT_FUNCTIONS_BACK = {function: name for name, function in _ELEMENT_FUNCTIONS.items()}


def _reduction(name: str) -> Callable[[_Arguments], _Made]:
    def made(config: _Arguments) -> _Made:
        axis = config.get("axis")
        axes = [axis] if isinstance(axis, int) else axis
        keeps = bool(config.get("keepdims", False))
        return "Reduction", {"function": name, "axis": axes, "keepdims": keeps}

    return made


def _always(name: str, **arguments: Any) -> Callable[[_Arguments], _Made]:
    return lambda _: (name, arguments)


_READ: dict[tuple[str, str], Callable[[_Arguments], _Made]] = {
    ("keras.src.ops.nn", "Relu"): _always("Activation", activation="relu"),
    ("keras.src.ops.nn", "Sigmoid"): _always("Activation", activation="sigmoid"),
    ("keras.src.ops.nn", "Softmax"): _always("Activation", activation="softmax"),
    (_NUMPY, "Tanh"): _always("Activation", activation="tanh"),
    (_NUMPY, "Clip"): lambda config: (
        "Clip",
        {"minimum": config["x_min"], "maximum": config["x_max"]},
    ),
    (_NUMPY, "Concatenate"): lambda config: ("Concatenate", {"axis": config["axis"]}),
    (_NUMPY, "Reshape"): lambda config: ("Reshape", {"target_shape": config["newshape"][1:]}),
    (_NUMPY, "Transpose"): lambda config: ("Permute", {"dims": config["axes"][1:]}),
    (_NUMPY, "Negative"): lambda _: _scaled(-1, 0),
    **{(_NUMPY, each): _reduction(each.lower()) for each in ("Sum", "Mean", "Max", "Min")},
    **{(_NUMPY, f"Am{each}"): _reduction(f"m{each}") for each in ("ax", "in")},
    **{
        (_NUMPY, each): _always("ElementFunction", function=function)
        for each, function in _ELEMENT_FUNCTIONS.items()
    },
    **{
        (_NUMPY, each): _always(each)
        for each in ("Add", "Subtract", "Multiply", "Maximum", "Minimum", "Matmul", "Where")
    },
}

#: Of a symbol and a number, by whether the number stands first.
_WITH_NUMBER: dict[str, Callable[[float, bool], _Made]] = {
    "Add": lambda number, _: _scaled(1, number),
    "Subtract": lambda number, first: _scaled(-1, number) if first else _scaled(1, -number),
    "Multiply": lambda number, _: _scaled(number, 0),
    "Maximum": lambda number, _: ("Clip", {"minimum": number}),
    "Minimum": lambda number, _: ("Clip", {"maximum": number}),
}


def _scaled(scale: float, offset: float) -> _Made:
    return "Rescaling", {"scale": scale, "offset": offset}


def is_number(argument: Any) -> bool:
    """Whether an argument of a call is a number, which stands in the layer that is made for it."""
    return isinstance(argument, int | float) and not isinstance(argument, bool)


def is_part(argument: Any) -> bool:
    """Whether it says which part of a symbol is meant, which stands in the layer, too."""
    return isinstance(argument, list) and any(_is_slice(each) for each in argument)


def _is_slice(argument: Any) -> bool:
    return isinstance(argument, dict) and argument.get("class_name") == "__slice__"


def read(description: _Arguments) -> _Arguments:
    """The description of the layer that does what an operation does; others as they are."""
    module, class_name = description.get("module") or "", description["class_name"]
    if module.startswith("keras.src.activations"):
        return {**description, "module": "keras.layers"}
    made = None
    if module == _NUMPY:
        made = (
            _with_number(description) or _with_other_axes(description) or _with_parts(description)
        )
    if made is None:
        if (module, class_name) not in _READ:
            return description
        made = _READ[module, class_name](description["config"])
    name, arguments = made
    from .layers import _operations

    place = "martlet.layers._operations" if hasattr(_operations, name) else "keras.layers"
    config = {"name": description["config"]["name"], **arguments}
    return {"module": place, "class_name": name, "config": config}


def _with_number(description: _Arguments) -> _Made | None:
    """The layer of an operation on a symbol and a number; None for other calls."""
    nodes = description.get("inbound_nodes") or [{}]
    given = nodes[0].get("args", []) if isinstance(nodes[0], dict) else []
    numbers = [each for each in given if is_number(each)]
    if len(given) != 2 or len(numbers) != 1:
        return None
    class_name, number, first = description["class_name"], float(numbers[0]), is_number(given[0])
    if class_name in ("Divide", "TrueDivide") and not first:
        return _scaled(1 / number, 0)
    make = _WITH_NUMBER.get(class_name)
    return make(number, first) if make else None


def _with_other_axes(description: _Arguments) -> _Made | None:
    """The layer of an operation that adds or drops axes of extent 1; None for others."""
    class_name, config = description["class_name"], description["config"]
    if class_name not in ("ExpandDims", "Squeeze"):
        return None
    shape = list(description["inbound_nodes"][0]["args"][0]["config"]["shape"])
    axis = config["axis"]
    if class_name == "ExpandDims":
        shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, 1)
    else:
        ones = [place for place, extent in enumerate(shape) if extent == 1 and place > 0]
        axes = ones if axis is None else [axis] if isinstance(axis, int) else axis
        dropped = {each % len(shape) for each in axes}
        shape = [extent for place, extent in enumerate(shape) if place not in dropped]
    return "Reshape", {"target_shape": shape[1:]}


def _with_parts(description: _Arguments) -> _Made | None:
    """The layer of an operation that takes a part of a symbol by slices; None for others."""
    class_name, config = description["class_name"], description["config"]
    if class_name not in ("Argmax", "Flip", "GetItem"):
        return None
    given = description["inbound_nodes"][0]["args"]
    shape = given[0]["config"]["shape"]
    axis = config.get("axis")
    if class_name == "Argmax":
        is_last = axis in (-1, len(shape) - 1) and not config.get("keepdims")
        return ("Argmax", {}) if is_last else None
    if class_name == "Flip":
        axes = range(1, len(shape)) if axis is None else [axis] if isinstance(axis, int) else axis
        places = {each % len(shape) for each in axes}
        parts = [slice(None, None, -1 if place in places else 1) for place in range(len(shape))]
    else:
        entries = given[1] if len(given) > 1 and isinstance(given[1], list) else []
        if not entries or not all(map(_is_slice, entries)):
            return None
        parts = [slice(*(each["config"][key] for key in _SLICE)) for each in entries]
    if parts[0] not in (slice(None), slice(None, None, 1)):
        return None
    parts += [slice(None)] * (len(shape) - len(parts))
    starts, sizes, steps = [], [], []
    for part, extent in zip(parts[1:], shape[1:], strict=True):
        if extent is None and part not in (slice(None), slice(None, None, 1)):
            return None
        taken = range(*part.indices(extent or 0))
        starts.append(taken.start)
        # The whole of an axis whose size is left open.
        sizes.append(-1 if extent is None else len(taken))
        steps.append(taken.step)
    return "Slice", {"starts": starts, "sizes": sizes, "steps": steps}


_SLICE = ("start", "stop", "step")
