"""Normalization."""

from __future__ import annotations

from typing import Any

from .._errors import refuse
from ._layer import Layer, WeightNamed


class BatchNormalization(Layer):
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
