"""Borders of images and sequences, and both enlarged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._errors import not_supported
from ._built_in import BuiltInLayer


class ZeroPadding2D(BuiltInLayer):
    """Zeros around an image.

    Parameters
    ----------
    padding
        Rows and columns on each side: one number; one for the height and one for the width; or
        ``((top, bottom), (left, right))``.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, height, width, channels)``
    Output shape
        ``(samples, top + height + bottom, left + width + right, channels)``

    Raises
    ------
    ValueError
        If a number is negative.
    TypeError
        If `padding` has none of the three forms.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import ZeroPadding2D
    >>> ZeroPadding2D(((0, 1), (0, 2)))(np.ones((1, 2, 2, 1)))[0, :, :, 0]
    array([[1., 1., 0., 0.],
           [1., 1., 0., 0.],
           [0., 0., 0., 0.]], dtype=float32)
    """

    def __init__(
        self,
        padding: int | Sequence[int] | Sequence[Sequence[int]] = (1, 1),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            {"padding": padding, "data_format": data_format},
            **kwargs,
        )


class Cropping2D(BuiltInLayer):
    """Images without some of their border.

    Parameters
    ----------
    cropping
        Rows and columns to leave out on each side: one number; one for the height and one for the
        width; or ``((top, bottom), (left, right))``.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, height, width, channels)``
    Output shape
        ``(samples, height - top - bottom, width - left - right, channels)``

    Raises
    ------
    ValueError
        If a number is negative, or nothing would be left of an image.
    TypeError
        If `cropping` has none of the three forms.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Cropping2D
    >>> image = np.arange(12.0).reshape(1, 3, 4, 1)
    >>> Cropping2D(((0, 1), (2, 1)))(image)[0, :, :, 0]
    array([[2.],
           [6.]], dtype=float32)
    """

    def __init__(
        self,
        cropping: int | Sequence[int] | Sequence[Sequence[int]] = ((0, 0), (0, 0)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__({"cropping": cropping, "data_format": data_format}, **kwargs)


class UpSampling2D(BuiltInLayer):
    """Images several times as large.

    Parameters
    ----------
    size
        How many times as high and as wide: one number for both, or two.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    interpolation
        ``"nearest"`` repeats every point. ``"bilinear"`` takes what lies between the centres of the
        points, and the nearest one at the border. Keras's others are not supported yet.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, height, width, channels)``
    Output shape
        ``(samples, size[0] * height, size[1] * width, channels)``

    Raises
    ------
    ValueError
        If a size is below 1 or a name unknown.
    NotImplementedError
        For an interpolation that Keras has and Martlet does not.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import UpSampling2D
    >>> image = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)
    >>> UpSampling2D((1, 3))(image)[0, :, :, 0]
    array([[1., 1., 1., 2., 2., 2.],
           [3., 3., 3., 4., 4., 4.]], dtype=float32)
    >>> UpSampling2D(interpolation="bilinear")(image)[0, 0, :, 0]
    array([1.  , 1.25, 1.75, 2.  ], dtype=float32)
    """

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        if interpolation in ("bicubic", "lanczos3", "lanczos5"):
            not_supported(
                f"UpSampling2D: interpolation={interpolation!r} (there are 'nearest' and "
                "'bilinear')"
            )
        super().__init__(
            {"size": size, "data_format": data_format, "interpolation": interpolation}, **kwargs
        )


class ZeroPadding1D(BuiltInLayer):
    """Zeros before and after a sequence.

    Parameters
    ----------
    padding
        Steps on each side: one number, or ``(before, after)``.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, steps, channels)``
    Output shape
        ``(samples, before + steps + after, channels)``

    Raises
    ------
    ValueError
        If a number is negative.
    TypeError
        If `padding` is neither one number nor two.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import ZeroPadding1D
    >>> ZeroPadding1D((1, 2))(np.ones((1, 2, 1)))[0, :, 0]
    array([0., 1., 1., 0., 0.], dtype=float32)
    """

    def __init__(
        self,
        padding: int | Sequence[int] = 1,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__({"padding": padding, "data_format": data_format}, **kwargs)


class Cropping1D(BuiltInLayer):
    """Sequences without some of their first and last steps.

    Parameters
    ----------
    cropping
        Steps to leave out on each side: one number, or ``(before, after)``.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, steps, channels)``
    Output shape
        ``(samples, steps - before - after, channels)``

    Raises
    ------
    ValueError
        If a number is negative, or nothing would be left of a sequence.
    TypeError
        If `cropping` is neither one number nor two.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Cropping1D
    >>> Cropping1D((0, 3))(np.arange(5.0).reshape(1, 5, 1))[0, :, 0]
    array([0., 1.], dtype=float32)
    """

    def __init__(self, cropping: int | Sequence[int] = (1, 1), **kwargs: Any) -> None:
        super().__init__({"cropping": cropping}, **kwargs)


class UpSampling1D(BuiltInLayer):
    """Every step of a sequence several times.

    Parameters
    ----------
    size
        How many times.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, steps, channels)``
    Output shape
        ``(samples, size * steps, channels)``

    Raises
    ------
    ValueError
        If the size is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import UpSampling1D
    >>> UpSampling1D(3)(np.array([1.0, 2.0]).reshape(1, 2, 1))[0, :, 0]
    array([1., 1., 1., 2., 2., 2.], dtype=float32)
    """

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__({"size": size}, **kwargs)
