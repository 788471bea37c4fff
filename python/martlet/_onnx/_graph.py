"""The operators of an ONNX file, and the values between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _native

#: The first operator set with all that is used here; runtimes since 2022 know it.
OPERATOR_SET = 17
_IR_VERSION = 8


def onnx() -> Any:
    """The package that writes the format.

    Raises
    ------
    ImportError
        If it is missing; the message says how to get it.
    """
    try:
        import onnx
    except ImportError:
        raise ImportError(
            'export to ONNX needs the package onnx: pip install "martlet[onnx]"'
        ) from None
    return onnx


class Value:
    """A tensor, in one or both of two orders of its axes.

    ONNX has channels first, Martlet mostly last. So that a chain of layers is turned at its ends
    only, a value is turned when somebody needs the other order, and once.

    Attributes
    ----------
    shape
        Of one sample, in Martlet's order.
    plain, turned
        Names of the tensor in Martlet's order, and with the last axis behind that of the samples;
        None where it is not there yet.
    has_batch
        False for what is the same for all samples: it has an axis of one in front.
    """

    def __init__(
        self,
        shape: Sequence[int],
        plain: str | None = None,
        turned: str | None = None,
        has_batch: bool = True,
    ) -> None:
        self.shape = tuple(shape)
        self.plain, self.turned = plain, turned
        self.has_batch = has_batch

    @property
    def rank(self) -> int:
        """Axes of a sample."""
        return len(self.shape)

    @property
    def is_turned(self) -> bool:
        """Whether only the order with channels first is at hand."""
        return self.plain is None

    def order(self, turned: bool) -> list[int]:
        """Martlet's axes as one of the orders has them."""
        return channels_first(self.rank) if turned else list(range(self.rank + 1))


def channels_first(rank: int) -> list[int]:
    """The axes of a sample of a rank and that of the samples, with the last one brought forward."""
    return [0, rank, *range(1, rank)]


class Graph:
    """What is written."""

    def __init__(self) -> None:
        self._onnx = onnx()
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._names_of_constants: dict[tuple[Any, ...], str] = {}
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._used: dict[str, int] = {}

    # ---- Names -------------------------------------------------------------------------------

    def name(self, wish: str) -> str:
        """A name that nothing has yet: the wish, or that with a number behind it."""
        number = self._used.get(wish, 0)
        self._used[wish] = number + 1
        return wish if not number else self.name(f"{wish}_{number}")

    # ---- Ends --------------------------------------------------------------------------------

    def input(self, name: str, shape: Sequence[int]) -> Value:
        """An input of the model."""
        self._inputs.append(self._end(self.name(name), shape))
        return Value(shape, plain=self._inputs[-1].name)

    def output(self, value: Value, name: str) -> None:
        """Ends the model in a value, by a name that `name` has given."""
        source = self.plain(self.for_each_sample(value))
        self._nodes.append(self._onnx.helper.make_node("Identity", [source], [name], name))
        self._outputs.append(self._end(name, value.shape))

    def _end(self, name: str, shape: Sequence[int]) -> Any:
        kind = self._onnx.TensorProto.FLOAT
        return self._onnx.helper.make_tensor_value_info(name, kind, ["batch", *shape])

    # ---- Operators ---------------------------------------------------------------------------

    def op(self, operator: str, inputs: Sequence[str], wish: str, **attributes: Any) -> str:
        """Appends an operator and gives the name of its output.

        Parameters
        ----------
        operator
            ONNX's name of it.
        inputs
            Names of tensors.
        wish
            What to call it; a number is appended where the name is taken.
        **attributes
            Those that are None are left out.
        """
        output = self.name(wish)
        given = {key: value for key, value in attributes.items() if value is not None}
        self._nodes.append(
            self._onnx.helper.make_node(operator, list(inputs), [output], output, **given)
        )
        return output

    def constant(self, value: Any, wish: str, dtype: Any = np.float32) -> str:
        """The name of a tensor of numbers; equal ones are written once."""
        array = np.ascontiguousarray(value, dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._names_of_constants:
            name = self.name(wish)
            self._names_of_constants[key] = name
            # `ascontiguousarray` gives what has no axis one.
            array = array.reshape(np.shape(value))
            self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return self._names_of_constants[key]

    def integers(self, values: Sequence[int], wish: str) -> str:
        """The name of a list of whole numbers."""
        return self.constant(np.array(values, np.int64), wish, np.int64)

    # ---- Orders of axes ----------------------------------------------------------------------

    def plain(self, value: Value) -> str:
        """The tensor in Martlet's order."""
        if value.plain is None:
            assert value.turned is not None
            back = np.argsort(channels_first(value.rank)).tolist()
            value.plain = self.op("Transpose", [value.turned], f"{value.turned}_last", perm=back)
        return value.plain

    def turned(self, value: Value) -> str:
        """The tensor with channels first."""
        if value.turned is None:
            assert value.plain is not None
            order = channels_first(value.rank)
            value.turned = self.op("Transpose", [value.plain], f"{value.plain}_first", perm=order)
        return value.turned

    def tensor(self, value: Value, turned: bool) -> str:
        """The tensor in one of the orders."""
        return self.turned(value) if turned else self.plain(value)

    def reshaped(self, value: Value, shape: Sequence[int]) -> Value:
        """The same numbers, in Martlet's order, under another shape."""
        if tuple(shape) == value.shape:
            return value
        source = self.plain(value)
        # The first one follows: it is that of the samples.
        target = self.integers([-1, *shape], "shape")
        name = self.op("Reshape", [source, target], f"{source}_reshaped")
        return Value(shape, plain=name, has_batch=value.has_batch)

    def for_each_sample(self, value: Value) -> Value:
        """A value that has as many samples as the input."""
        if value.has_batch:
            return value
        source = self.plain(value)
        count = self.op("Shape", [self._inputs[0].name], "batch_size", start=0, end=1)
        ones = self.integers([1] * value.rank, "ones")
        shape = self.op("Concat", [count, ones], "batch_shape", axis=0)
        return Value(value.shape, plain=self.op("Expand", [source, shape], f"{source}_repeated"))

    # ---- The whole ---------------------------------------------------------------------------

    def encoded(self, name: str) -> bytes:
        """The file.

        Raises
        ------
        RuntimeError
            If the package onnx does not accept what has been written, which is a mistake of
            Martlet's.
        """
        helper = self._onnx.helper
        graph = helper.make_graph(self._nodes, name, self._inputs, self._outputs, self._constants)
        model = helper.make_model(
            graph,
            producer_name="martlet",
            producer_version=_native.version(),
            opset_imports=[helper.make_opsetid("", OPERATOR_SET)],
            ir_version=_IR_VERSION,
        )
        try:
            self._onnx.checker.check_model(model)
        except self._onnx.checker.ValidationError as error:
            raise RuntimeError(f"export: the package onnx refuses the model: {error}") from None
        return model.SerializeToString()
