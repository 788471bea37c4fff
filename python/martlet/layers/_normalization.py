"""Normalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._errors import refuse
from ._built_in import BuiltInLayer, WeightNamed


class BatchNormalization(BuiltInLayer):
    """Channels with mean 0 and variance 1, then scaled by gamma and shifted by beta.

    In training by the statistics of the batch, which also move the averages::

        moving = moving * momentum + statistic * (1 - momentum)

    else, and when the layer is not trainable, by those averages. The variance is that of the
    batch itself (divided by N), in both places.

    Parameters
    ----------
    axis
        The axis of the channels.
    momentum
        Of the moving averages: near 1 they move slowly.
    epsilon
        Added to the variance.
    center, scale
        Whether there is a beta, a gamma.
    beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer
        Name or object of :mod:`martlet.initializers`.
    beta_regularizer, gamma_regularizer
        Name or object of :mod:`martlet.regularizers`: what the weights add to the loss.
    beta_constraint, gamma_constraint
        Name or object of :mod:`martlet.constraints`: what they are brought back to after each step.
    renorm, renorm_clipping, renorm_momentum, synchronized
        Not supported yet.
    **kwargs
        ``name``, ``trainable``.

    References
    ----------
    Ioffe and Szegedy 2015, arXiv:1502.03167.

    Examples
    --------
    >>> from martlet.layers import BatchNormalization
    >>> layer = BatchNormalization()
    >>> layer.build((None, 8, 8, 3))
    >>> [weight.name for weight in layer.weights]
    ['gamma', 'beta', 'moving_mean', 'moving_variance']
    """

    gamma = WeightNamed("gamma")
    beta = WeightNamed("beta")
    moving_mean = WeightNamed("moving_mean")
    moving_variance = WeightNamed("moving_variance")

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        refuse(
            "BatchNormalization",
            renorm=renorm or None,
            renorm_clipping=renorm_clipping,
            synchronized=synchronized or None,
        )
        super().__init__(
            {
                "axis": axis,
                "momentum": momentum,
                "epsilon": epsilon,
                "center": center,
                "scale": scale,
                "beta_initializer": beta_initializer,
                "gamma_initializer": gamma_initializer,
                "moving_mean_initializer": moving_mean_initializer,
                "moving_variance_initializer": moving_variance_initializer,
                "beta_regularizer": beta_regularizer,
                "gamma_regularizer": gamma_regularizer,
                "beta_constraint": beta_constraint,
                "gamma_constraint": gamma_constraint,
            },
            **kwargs,
        )


class LayerNormalization(BuiltInLayer):
    """Each sample by itself with mean 0 and variance 1, then scaled by gamma and shifted by beta.

    Mean and variance (divided by N) are those of the values along `axis`, the same in training and
    outside. So a sample's result does not depend on the batch it comes in.

    Parameters
    ----------
    axis
        The axis, or a list of axes, that mean and variance are taken over; the samples' axis counts
        as 0. With ``-1`` every point of an image is normalized over its channels, with
        ``[1, 2, 3]`` the image as a whole.
    epsilon
        Added to the variance.
    center, scale
        Whether there is a beta, a gamma: weights of the extents of `axis`.
    beta_initializer, gamma_initializer
        Name or object of :mod:`martlet.initializers`.
    beta_regularizer, gamma_regularizer
        Name or object of :mod:`martlet.regularizers`: what the weights add to the loss.
    beta_constraint, gamma_constraint
        Name or object of :mod:`martlet.constraints`: what they are brought back to after each step.
    **kwargs
        ``name``, ``trainable``, ``input_shape``.

    Raises
    ------
    ValueError
        If `axis` is not one of the input's, is that of the samples, or is named twice.

    References
    ----------
    Ba, Kiros and Hinton 2016, arXiv:1607.06450.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import LayerNormalization
    >>> LayerNormalization(epsilon=0.5)(np.array([[1.0, 2.0, 3.0, 6.0]]))
    array([[-1. , -0.5,  0. ,  1.5]], dtype=float32)
    """

    gamma = WeightNamed("gamma")
    beta = WeightNamed("beta")

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        *,
        rms_scaling: bool = False,
        **kwargs: Any,
    ) -> None:
        refuse("LayerNormalization", rms_scaling=rms_scaling or None)
        super().__init__(
            {
                "axis": axis,
                "epsilon": epsilon,
                "center": center,
                "scale": scale,
                "beta_initializer": beta_initializer,
                "gamma_initializer": gamma_initializer,
                "beta_regularizer": beta_regularizer,
                "gamma_regularizer": gamma_regularizer,
                "beta_constraint": beta_constraint,
                "gamma_constraint": gamma_constraint,
            },
            **kwargs,
        )


class GroupNormalization(BuiltInLayer):
    """Groups of channels of each sample with mean 0 and variance 1, then scaled and shifted.

    Mean and variance (divided by N) are taken over all points of the sample and the channels of the
    group, the same in training and outside: the way to normalize images in batches too small for
    :class:`BatchNormalization`.

    Parameters
    ----------
    groups
        How many; must divide the channels. Neighbours make a group: channel ``c`` of ``C`` is in
        group ``c // (C / groups)``. -1 for one per channel (instance normalization); with 1 the
        sample is normalized as a whole.
    axis
        That of the channels.
    epsilon
        Added to the variance.
    center, scale
        Whether there is a beta, a gamma: one number for each channel.
    beta_initializer, gamma_initializer
        Name or object of :mod:`martlet.initializers`.
    beta_regularizer, gamma_regularizer
        Name or object of :mod:`martlet.regularizers`: what the weights add to the loss.
    beta_constraint, gamma_constraint
        Name or object of :mod:`martlet.constraints`: what they are brought back to after each step.
    **kwargs
        ``name``, ``trainable``, ``input_shape``.

    Raises
    ------
    ValueError
        If the groups do not divide the channels.

    References
    ----------
    Wu and He 2018, arXiv:1803.08494.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import GroupNormalization
    >>> GroupNormalization(groups=2, epsilon=0)(np.array([[1.0, 3.0, 10.0, 30.0]]))
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    gamma = WeightNamed("gamma")
    beta = WeightNamed("beta")

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {
                "groups": groups,
                "axis": axis,
                "epsilon": epsilon,
                "center": center,
                "scale": scale,
                "beta_initializer": beta_initializer,
                "gamma_initializer": gamma_initializer,
                "beta_regularizer": beta_regularizer,
                "gamma_regularizer": gamma_regularizer,
                "beta_constraint": beta_constraint,
                "gamma_constraint": gamma_constraint,
            },
            **kwargs,
        )


class RMSNormalization(BuiltInLayer):
    """Each sample by itself, divided by the root of its mean square and multiplied by a weight.

    :class:`LayerNormalization` without a mean and a beta.

    Parameters
    ----------
    axis
        The axis, or a list of axes, that the mean square is taken over.
    epsilon
        Added to the mean square.
    **kwargs
        ``name``, ``trainable``, ``input_shape``.

    References
    ----------
    Zhang and Sennrich 2019, arXiv:1910.07467.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import RMSNormalization
    >>> RMSNormalization(epsilon=12.5)(np.array([[1.0, 2.0, 3.0, 6.0]]))
    array([[0.2, 0.4, 0.6, 1.2]], dtype=float32)
    """

    scale = WeightNamed("scale")

    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any
    ) -> None:
        super().__init__({"axis": axis, "epsilon": epsilon}, **kwargs)


class UnitNormalization(BuiltInLayer):
    """Each sample by itself, brought to length 1.

    What is shorter than 1e-12 becomes zeros and passes no gradient; in Keras it has none that is a
    number.

    Parameters
    ----------
    axis
        The axis, or a list of axes, that the length is taken along.
    **kwargs
        ``name``, ``input_shape``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import UnitNormalization
    >>> UnitNormalization()(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__({"axis": axis}, **kwargs)
