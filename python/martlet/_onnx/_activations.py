"""Functions of every element in ONNX."""

from __future__ import annotations

import math

from .._errors import not_supported
from ._call import Call, form, in_order
from ._graph import Value


def activated(call: Call, value: Value, activation: str) -> Value:
    """What an activation by its name makes of a value."""
    if activation == "linear":
        return value
    turned = value.is_turned
    if activation == "softmax":
        axis = value.order(turned).index(value.rank)
        name = call.op("Softmax", call.graph.tensor(value, turned), axis=axis)
    else:
        name = _function(call, call.graph.tensor(value, turned), activation)
    return in_order(value.shape, name, turned, value.has_batch)


#: ONNX's operator and its attributes, by Keras's names.
_OPERATORS: dict[str, tuple[str, dict[str, float]]] = {
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "elu": ("Elu", {}),
    "celu": ("Elu", {}),
    "selu": ("Selu", {}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "hard_silu": ("HardSwish", {}),
    "sigmoid": ("Sigmoid", {}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "tanh": ("Tanh", {}),
    "exponential": ("Exp", {}),
}
_BOUNDS = {"relu6": (0.0, 6.0), "hard_tanh": (-1.0, 1.0)}


def _function(call: Call, x: str, activation: str) -> str:
    """An activation of every element."""
    op, number = call.op, call.number
    if activation in _OPERATORS:
        operator, attributes = _OPERATORS[activation]
        return op(operator, x, **attributes)
    if activation in _BOUNDS:
        return op("Clip", x, *map(number, _BOUNDS[activation]))
    match activation:
        case "silu":
            return op("Mul", x, op("Sigmoid", x))
        case "mish":
            return op("Mul", x, op("Tanh", op("Softplus", x)))
        case "log_sigmoid":
            return op("Neg", op("Softplus", op("Neg", x)))
        case "gelu":
            error = op("Erf", op("Mul", x, number(math.sqrt(0.5))))
        case "gelu_tanh":
            cube = op("Mul", op("Mul", op("Mul", x, x), x), number(0.044715))
            inner = op("Mul", op("Add", x, cube), number(math.sqrt(2 / math.pi)))
            error = op("Tanh", inner)
        case _:
            not_supported(f"export: layer '{call.name}': activation '{activation}' in ONNX")
    return op("Mul", op("Mul", x, number(0.5)), op("Add", error, number(1)))


@form("Activation")
def _activation(call: Call) -> Value:
    return activated(call, call.input, call.config["activation"])


@form("ReLU")
def _relu(call: Call) -> Value:
    largest, slope = call.config["max_value"], call.config["negative_slope"]
    threshold = call.config["threshold"]

    def made(x: str) -> str:
        y = call.op("LeakyRelu", x, alpha=slope) if slope else call.op("Relu", x)
        if threshold:
            bound = call.number(threshold)
            below = call.op("Mul", call.op("Sub", x, bound), call.number(slope))
            y = call.op("Where", call.op("GreaterOrEqual", x, bound), x, below)
        return y if largest is None else call.op("Min", y, call.number(largest))

    return call.like_input(made)


@form("LeakyReLU")
def _leaky_relu(call: Call) -> Value:
    return call.like_input(lambda x: call.op("LeakyRelu", x, alpha=call.config["negative_slope"]))


@form("ELU")
def _elu(call: Call) -> Value:
    return call.like_input(lambda x: call.op("Elu", x, alpha=call.config["alpha"]))


@form("PReLU")
def _prelu(call: Call) -> Value:
    order = call.input.order(call.input.is_turned)
    slopes = call.constant(call.weights["alpha"][None].transpose(order), "alpha")
    return call.like_input(lambda x: call.op("PRelu", x, slopes))


@form("Softmax")
def _softmax(call: Call) -> Value:
    [axis] = call.axes([call.config["axis"]], call.input.is_turned)
    return call.like_input(lambda x: call.op("Softmax", x, axis=axis))


@form("Clip")
def _clip(call: Call) -> Value:
    bounds = [call.number(call.config[each]) for each in ("minimum", "maximum")]
    return call.like_input(lambda x: call.op("Clip", x, *bounds))


@form("ElementFunction")
def _element_function(call: Call) -> Value:
    function = call.config["function"]
    if function == "square":
        return call.like_input(lambda x: call.op("Mul", x, x))
    operators = {
        "abs": "Abs",
        "exp": "Exp",
        "log": "Log",
        "reciprocal": "Reciprocal",
        "sign": "Sign",
    }
    operator = {**operators, "sqrt": "Sqrt"}.get(function)
    if operator is None:
        not_supported(f"export: layer '{call.name}': the function '{function}' in ONNX")
    return call.like_input(lambda x: call.op(operator, x))


@form("Where")
def _where(call: Call) -> Value:
    condition, first, second = map(call.graph.plain, call.inputs)
    name = call.op("Where", call.op("Equal", condition, call.number(0)), second, first)
    return Value(call.shape, plain=name, has_batch=any(each.has_batch for each in call.inputs))


@form("Argmax")
def _argmax(call: Call) -> Value:
    place = call.op("ArgMax", call.graph.plain(call.input), axis=-1, keepdims=0)
    # 1 is ONNX's number of float32.
    name = call.op("Cast", place, to=1)
    return Value(call.shape, plain=name, has_batch=call.input.has_batch)
