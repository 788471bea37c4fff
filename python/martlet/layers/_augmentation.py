"""Layers that change images at random in training, so that no epoch shows the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._naming import own_arguments
from ._built_in import BuiltInLayer

Factor = float | Sequence[float]


class _Augmentation(BuiltInLayer):
    def __init__(self, constructor: dict[str, Any]) -> None:
        given = own_arguments(constructor)
        common = given.pop("kwargs")
        if "name" in given:
            common["name"] = given.pop("name")
        super().__init__(given, **common)

    @property
    def _augments(self) -> bool:
        # As in Keras: `layer(images)` augments.
        return True


class RandomFlip(_Augmentation):
    """In training, mirrors images at random; each with probability 1/2.

    Parameters
    ----------
    mode
        ``"horizontal"``: left to right; ``"vertical"``: upside down; ``"horizontal_and_vertical"``:
        both at once, that is half a turn, or neither. For each on its own use two layers.
    seed
        Fixes the draws; None draws a seed.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, height, width, channels)``
    Output shape
        The same. Outside training the images are as they were.

    Raises
    ------
    ValueError
        If `mode` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import RandomFlip
    >>> images = np.tile(np.array([[[1.0], [2.0]]]), (100, 1, 1, 1))
    >>> flipped = RandomFlip("horizontal")(images, training=True)
    >>> sorted({tuple(image.ravel().tolist()) for image in flipped})
    [(1.0, 2.0), (2.0, 1.0)]
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())


class RandomCrop(_Augmentation):
    """In training, cuts a part of images from a random place, the same for all of a batch.

    Outside training, and of images that are not larger than the part along both axes, it is the
    largest part in the middle that has the same ratio, brought to the size. (Outside training Keras
    3.15 leaves images as they were, unlike what it documents.)

    Parameters
    ----------
    height, width
        Of the output.
    seed
        Fixes the draws; None draws a seed.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    name
        Automatic when None.
    **kwargs
        ``input_shape``.

    Input shape
        ``(samples, rows, columns, channels)``
    Output shape
        ``(samples, height, width, channels)``

    Raises
    ------
    ValueError
        If a size is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import RandomCrop
    >>> image = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> part = RandomCrop(2, 2)(image, training=True)[0, :, :, 0]
    >>> part - part[0, 0]
    array([[0., 1.],
           [4., 5.]], dtype=float32)
    >>> RandomCrop(2, 2)(image, training=False)[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]], dtype=float32)
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())


class RandomRotation(_Augmentation):
    """In training, turns images around their centre by random angles.

    Parameters
    ----------
    factor
        In full turns: 0.1 for angles from -36 to 36 degrees, counter-clockwise, ``(0, 0.25)`` for
        0 to 90 degrees. From -1 to 1.
    fill_mode
        What comes in at the edges: ``"reflect"``, ``"wrap"``, ``"nearest"`` or ``"constant"``.
    interpolation
        ``"bilinear"`` or ``"nearest"``.
    seed
        Fixes the draws; None draws a seed.
    fill_value
        For ``fill_mode="constant"``.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, height, width, channels)``
    Output shape
        The same. Outside training the images are as they were.

    Raises
    ------
    ValueError
        If a factor is out of range or a name unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import RandomRotation
    >>> image = np.array([[1.0, 2.0], [3.0, 4.0]])[None, :, :, None]
    >>> RandomRotation((0.25, 0.25))(image, training=True)[0, :, :, 0].round(3)
    array([[2., 4.],
           [1., 3.]], dtype=float32)
    """

    def __init__(
        self,
        factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())


class RandomZoom(_Augmentation):
    """In training, shows more or less of the scene, around the centre.

    Parameters
    ----------
    height_factor
        0.2 for between 20 % less and 20 % more of the height, ``(-0.3, -0.1)`` for zooming in.
        Above -1, at most 1.
    width_factor
        The same for the width; None for what the height has drawn.
    fill_mode, interpolation, seed, fill_value, data_format
        As for `RandomRotation`.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, height, width, channels)``
    Output shape
        The same. Outside training the images are as they were.

    Raises
    ------
    ValueError
        If a factor is out of range or a name unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import RandomZoom
    >>> image = np.arange(4.0).reshape(1, 1, 4, 1)
    >>> RandomZoom((0, 0), (-0.5, -0.5))(image, training=True).ravel()
    array([0.75, 1.25, 1.75, 2.25], dtype=float32)
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())


class RandomTranslation(_Augmentation):
    """In training, moves images.

    Parameters
    ----------
    height_factor
        Part of the height: 0.1 for up to 10 % up or down, ``(0, 0.1)`` for down only. From -1 to 1.
    width_factor
        The same for the width; positive is to the right.
    fill_mode, interpolation, seed, fill_value, data_format
        As for `RandomRotation`.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, height, width, channels)``
    Output shape
        The same. Outside training the images are as they were.

    Raises
    ------
    ValueError
        If a factor is out of range or a name unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import RandomTranslation
    >>> image = np.arange(1.0, 5).reshape(1, 1, 4, 1)
    >>> layer = RandomTranslation(0, (0.25, 0.25), fill_mode="constant")
    >>> layer(image, training=True).ravel()
    array([0., 1., 2., 3.], dtype=float32)
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())


class RandomContrast(_Augmentation):
    """In training, stretches the values of each channel of an image around their mean.

    Parameters
    ----------
    factor
        0.2 for factors from 0.8 to 1.2, ``(a, b)`` for ``1 - a`` to ``1 + b``. From 0 to 1. (Of a
        single number, Keras 3.15 only takes the upper half, unlike what it documents.)
    value_range
        Least and greatest value of a pixel: results beyond are clipped. ``(0, 1)`` for images that
        are scaled already.
    seed
        Fixes the draws; None draws a seed.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, height, width, channels)``
    Output shape
        The same. Outside training the images are as they were.

    Raises
    ------
    ValueError
        If `factor` is out of range or `value_range` is none.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import RandomContrast
    >>> image = np.array([90.0, 110.0]).reshape(1, 1, 2, 1)
    >>> stretched = RandomContrast(0.5)(image, training=True).ravel()
    >>> bool(80 < stretched[0] < 100), float(stretched.mean())
    (True, 100.0)
    """

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())


class RandomBrightness(_Augmentation):
    """In training, adds a random part of the range of values to all of an image.

    Parameters
    ----------
    factor
        0.2 for between -0.2 and 0.2 times the range of values. From -1 to 1.
    value_range
        Least and greatest value of a pixel: results beyond are clipped. ``(0, 1)`` for images that
        are scaled already.
    seed
        Fixes the draws; None draws a seed.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, height, width, channels)``
    Output shape
        The same. Outside training the images are as they were.

    Raises
    ------
    ValueError
        If `factor` is out of range or `value_range` is none.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import RandomBrightness
    >>> image = np.array([0.0, 100.0, 250.0]).reshape(1, 1, 3, 1)
    >>> RandomBrightness((0.1, 0.1))(image, training=True).ravel()
    array([ 25.5, 125.5, 255. ], dtype=float32)
    """

    def __init__(
        self,
        factor: Factor,
        value_range: Sequence[float] = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())
