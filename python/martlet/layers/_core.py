"""Dense layers, activations, and changes of shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._errors import refuse
from ._built_in import BuiltInLayer, WeightNamed


class Dense(BuiltInLayer):
    """``activation(x @ kernel + bias)`` along the last axis.

    Parameters
    ----------
    units
        Extent of the last axis of the output.
    activation
        Name or function of :mod:`martlet.activations`; None for none.
    use_bias
        Whether there is a bias.
    kernel_initializer, bias_initializer
        Name or object of :mod:`martlet.initializers`.
    kernel_regularizer, bias_regularizer, activity_regularizer
        Name or object of :mod:`martlet.regularizers`: what weights and outputs add to the loss.
    kernel_constraint, bias_constraint
        Name or object of :mod:`martlet.constraints`: what weights are brought back to after each
        step.
    lora_rank, lora_alpha, quantization_config
        Not supported yet.
    **kwargs
        ``name``, ``trainable``, ``dtype`` (see :class:`martlet.DTypePolicy`), and in the first
        layer of a `Sequential` ``input_shape`` or ``input_dim``.

    Input shape
        ``(samples, ..., features)``
    Output shape
        ``(samples, ..., units)``

    Raises
    ------
    ValueError
        If `units` is not positive or a name is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Dense
    >>> layer = Dense(3, activation="relu")
    >>> layer(np.ones((2, 4))).shape
    (2, 3)
    >>> layer
    Dense(3, activation='relu')  # 15 parameters
    """

    kernel = WeightNamed("kernel")
    bias = WeightNamed("bias")

    def __init__(
        self,
        units: int,
        activation: str | Callable[..., Any] | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        refuse(
            "Dense",
            lora_rank=lora_rank,
            lora_alpha=lora_alpha,
            quantization_config=quantization_config,
        )
        super().__init__(
            {
                "units": units,
                "activation": activation,
                "use_bias": use_bias,
                "kernel_initializer": kernel_initializer,
                "bias_initializer": bias_initializer,
                "kernel_regularizer": kernel_regularizer,
                "bias_regularizer": bias_regularizer,
                "kernel_constraint": kernel_constraint,
                "bias_constraint": bias_constraint,
            },
            activity_regularizer=activity_regularizer,
            **kwargs,
        )


class Activation(BuiltInLayer):
    """An activation function as a layer of its own.

    Parameters
    ----------
    activation
        Name or function of :mod:`martlet.activations`.
    **kwargs
        ``name``, ``trainable``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Activation
    >>> Activation("relu")(np.array([[-1.0, 2.0]]))
    array([[0., 2.]], dtype=float32)
    """

    def __init__(self, activation: str | Callable[..., Any], **kwargs: Any) -> None:
        given = "linear" if activation is None else activation
        super().__init__({"activation": given}, **kwargs)


class Flatten(BuiltInLayer):
    """All axes of a sample as one, in row-major order.

    Parameters
    ----------
    data_format
        ``"channels_last"``, or ``"channels_first"``, which puts the channels last before that: so
        the weights behind suit both. None for :func:`martlet.config.image_data_format`.
    **kwargs
        ``name``, ``input_shape``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Flatten
    >>> Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__({"data_format": data_format}, **kwargs)


class Reshape(BuiltInLayer):
    """Another shape for the same values.

    Parameters
    ----------
    target_shape
        Of one sample. One extent may be -1: what is left.
    **kwargs
        ``name``, ``input_shape``.

    Raises
    ------
    ValueError
        If the number of values would change.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Reshape
    >>> Reshape((2, -1))(np.ones((5, 6))).shape
    (5, 2, 3)
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__({"target_shape": target_shape}, **kwargs)


class Permute(BuiltInLayer):
    """The axes of a sample in another order.

    Parameters
    ----------
    dims
        For each axis of the output which axis of the input it is, counted from 1.
    **kwargs
        ``name``, ``input_shape``.

    Raises
    ------
    ValueError
        If `dims` does not name every axis once.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Permute
    >>> Permute((3, 1, 2))(np.ones((1, 4, 5, 6))).shape
    (1, 6, 4, 5)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__({"dims": dims}, **kwargs)


class RepeatVector(BuiltInLayer):
    """A vector several times, one under the other.

    Parameters
    ----------
    n
        How many times.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, features)``
    Output shape
        ``(samples, n, features)``

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import RepeatVector
    >>> RepeatVector(2)(np.array([[1.0, 2.0, 3.0]]))
    array([[[1., 2., 3.],
            [1., 2., 3.]]], dtype=float32)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__({"n": n}, **kwargs)


class Identity(BuiltInLayer):
    """Its input as it is: stands where a layer is expected and nothing is to be done.

    Parameters
    ----------
    **kwargs
        ``name``, ``input_shape``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Identity
    >>> Identity()(np.array([[1.0, 2.0]]))
    array([[1., 2.]], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__({}, **kwargs)
