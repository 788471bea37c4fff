"""Activations with arguments, as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._built_in import BuiltInLayer, WeightNamed


class ReLU(BuiltInLayer):
    """``max(x, 0)``, and its relatives.

    Parameters
    ----------
    max_value
        Larger values become this one; None for no limit.
    negative_slope
        What values below the threshold are multiplied by, counted from it.
    threshold
        Values below count as negative.
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import ReLU
    >>> ReLU(max_value=6)(np.array([[0.0, 3.0, 9.0]]))
    array([[0., 3., 6.]], dtype=float32)
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {"max_value": max_value, "negative_slope": negative_slope, "threshold": threshold},
            **kwargs,
        )


class LeakyReLU(BuiltInLayer):
    """``x`` where positive, else ``negative_slope * x``.

    Parameters
    ----------
    negative_slope
        0.3 here, while the function and the name ``"leaky_relu"`` have 0.2, as in Keras.
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import LeakyReLU
    >>> LeakyReLU(0.5)(np.array([[-1.0, 2.0]]))
    array([[-0.5,  2. ]], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__({"negative_slope": negative_slope}, **kwargs)


class ELU(BuiltInLayer):
    """``x`` where positive, else ``alpha * (exp(x) - 1)``.

    Parameters
    ----------
    alpha
        Minus the value that is approached far below 0.
    **kwargs
        ``name``.

    References
    ----------
    Clevert et al. 2015, arXiv:1511.07289.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import ELU
    >>> ELU(alpha=2.0)(np.array([[-1000.0, 1.0]]))
    array([[-2.,  1.]], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__({"alpha": alpha}, **kwargs)


class PReLU(BuiltInLayer):
    """``x`` where positive, else ``alpha * x`` with an ``alpha`` that is learned.

    Parameters
    ----------
    alpha_initializer
        Name or object of :mod:`martlet.initializers`.
    alpha_regularizer
        Name or object of :mod:`martlet.regularizers`.
    alpha_constraint
        Name or object of :mod:`martlet.constraints`.
    shared_axes
        Axes, counted with the samples' as 0, along which there is one `alpha`: ``[1, 2]`` gives
        one for each channel of an image. None for one for each value.
    **kwargs
        ``name``, ``trainable``.

    References
    ----------
    He et al. 2015, arXiv:1502.01852.

    Raises
    ------
    ValueError
        If `shared_axes` names an axis that the input does not have.

    Examples
    --------
    >>> from martlet.layers import PReLU
    >>> layer = PReLU(shared_axes=[1, 2])
    >>> layer.build((None, 8, 8, 3))
    >>> layer.alpha.shape
    (1, 1, 3)
    """

    alpha = WeightNamed("alpha")

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {
                "alpha_initializer": alpha_initializer,
                "alpha_regularizer": alpha_regularizer,
                "alpha_constraint": alpha_constraint,
                "shared_axes": shared_axes,
            },
            **kwargs,
        )


class Softmax(BuiltInLayer):
    """``exp(x) / sum(exp(x))`` along an axis.

    Parameters
    ----------
    axis
        The axis whose values then sum to 1.
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Softmax
    >>> Softmax()(np.zeros((1, 4)))
    array([[0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__({"axis": axis}, **kwargs)
