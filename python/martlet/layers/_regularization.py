"""Layers against overfitting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._built_in import BuiltInLayer


class Dropout(BuiltInLayer):
    """In training, sets values to 0 at random and scales the others by ``1 / (1 - rate)``.

    Parameters
    ----------
    rate
        Share of the values that become 0, from 0 to below 1.
    noise_shape
        Extents with that of the samples in front. Where one is 1, values along that axis fall
        together; None stands for the extent of the input.
    seed
        Fixes which; None draws one.
    **kwargs
        ``name``.

    References
    ----------
    Srivastava et al. 2014, Journal of Machine Learning Research 15.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Dropout
    >>> layer = Dropout(0.5)
    >>> float(layer(np.ones((1, 1000))).mean())
    1.0
    >>> sorted(set(layer(np.ones((1, 1000)), training=True).ravel().tolist()))
    [0.0, 2.0]
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__({"rate": rate, "noise_shape": noise_shape, "seed": seed}, **kwargs)


class SpatialDropout2D(BuiltInLayer):
    """In training, sets whole channels to 0 at random and scales the others by ``1 / (1 - rate)``.

    Parameters
    ----------
    rate
        Share of the channels that become 0, from 0 to below 1.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    seed
        Fixes which; None draws one.
    name
        Automatic when None.
    dtype
        Policy, see :class:`martlet.DTypePolicy`.
    **kwargs
        ``trainable``, ``input_shape``.

    References
    ----------
    Tompson et al. 2014, arXiv:1411.4280.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import SpatialDropout2D
    >>> dropped = SpatialDropout2D(0.5)(np.ones((4, 3, 3, 8)), training=True)
    >>> bool((dropped == dropped[:, :1, :1]).all())
    True
    """

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {
                "rate": rate,
                "data_format": data_format,
                "seed": seed,
            },
            name=name,
            dtype=dtype,
            **kwargs,
        )


class GaussianNoise(BuiltInLayer):
    """In training, adds normal numbers of mean 0.

    Parameters
    ----------
    stddev
        Their deviation, from 0 to 1.
    seed
        Fixes them; None draws one.
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import GaussianNoise
    >>> noisy = GaussianNoise(0.5, seed=1)(np.zeros((1, 10000)), training=True)
    >>> round(float(noisy.std()), 1)
    0.5
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__({"stddev": stddev, "seed": seed}, **kwargs)


class ActivityRegularization(BuiltInLayer):
    """Its input, whose size is added to the loss: the mean of the samples' penalties.

    Parameters
    ----------
    l1, l2
        Factors of the sum of the magnitudes and of the sum of the squares.
    **kwargs
        ``name``.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import ActivityRegularization
    >>> ActivityRegularization(l2=0.1)(np.ones((1, 2)))
    array([[1., 1.]], dtype=float32)
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__({"l1": l1, "l2": l2}, **kwargs)
