"""Single images between files, Pillow and arrays."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from . import _settings
from ._errors import unknown_name

#: What Pillow's modes are called where colours are chosen.
COLOR_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
#: Modes of one channel that `load_img` keeps, since making bytes of them would lose depth.
_DEEP_GREY = ("L", "I;16", "I")


def pillow() -> Any:
    """The module ``PIL.Image``.

    Raises
    ------
    ImportError
        If Pillow is not installed; the message says how to install it.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(
            "images need Pillow, which is not installed; install it with: "
            'pip install "martlet[images]"'
        ) from None
    return Image


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Reads an image file.

    Parameters
    ----------
    path
        Of the file, or an ``io.BytesIO`` with its content.
    color_mode
        ``"grayscale"``, ``"rgb"`` or ``"rgba"``: what colours are converted to. Grey images of 16
        and 32 bits keep their depth.
    target_size
        ``(height, width)``; None for the size of the file.
    interpolation
        ``"nearest"``, ``"bilinear"``, ``"bicubic"``, ``"lanczos"``, ``"box"`` or ``"hamming"``.
    keep_aspect_ratio
        Whether the middle of the image is cut to the ratio of `target_size` first.

    Returns
    -------
    PIL.Image.Image

    Raises
    ------
    ImportError
        If Pillow is not installed.
    FileNotFoundError, ValueError
        If there is no such file, or it is no image that Pillow can read; the message names it.
    """
    image = opened(path)
    mode = _mode(color_mode)
    if not (mode == "L" and image.mode in _DEEP_GREY) and image.mode != mode:
        image = image.convert(mode)
    if target_size is None:
        return image
    height, width = _size(target_size, "target_size")
    if image.size == (width, height):
        return image
    box = _middle(image.size, (width, height)) if keep_aspect_ratio else None
    return image.resize((width, height), _resampling(interpolation), box=box)


def opened(path: Any) -> Any:
    """A file as a Pillow image, decoded."""
    image_module = pillow()
    if isinstance(path, io.BytesIO):
        source, name = path, "the image in memory"
    elif isinstance(path, str | bytes | os.PathLike):
        name = os.fsdecode(path)
        if not os.path.isfile(name):
            raise FileNotFoundError(f"there is no image file {name}")
        with open(name, "rb") as file:
            source = io.BytesIO(file.read())
    else:
        raise TypeError(f"path must be a path or io.BytesIO, got {type(path).__name__}")
    try:
        image = image_module.open(source)
        image.load()
    except Exception as error:  # decoders raise whatever they like
        raise ValueError(f"{name} cannot be read as an image: {error}") from None
    return image


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """A Pillow image as an array.

    Parameters
    ----------
    img
        The image.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    dtype
        Of the array; None for float32.

    Returns
    -------
    numpy.ndarray
        ``(height, width, channels)`` with values as in the image, mostly 0 to 255. Grey images
        have one channel.

    Raises
    ------
    ValueError
        If `img` is neither of two axes nor of three.
    """
    array = np.asarray(img, dtype=dtype or np.float32)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3:
        raise ValueError(f"img_to_array: expected an image of 2 or 3 axes, got shape {array.shape}")
    return np.moveaxis(array, -1, 0) if _channels_first(data_format) else array


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None
) -> Any:
    """An array as a Pillow image.

    Parameters
    ----------
    x
        ``(height, width, channels)`` with 1, 3 or 4 channels.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    scale
        Whether the values are stretched so that the least is 0 and the greatest 255; without it
        they are cut to whole numbers as they are.
    dtype
        To work in; None for float32.

    Returns
    -------
    PIL.Image.Image

    Raises
    ------
    ImportError
        If Pillow is not installed.
    ValueError
        If the shape is not that of an image.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.utils import array_to_img, img_to_array
    >>> picture = array_to_img(np.array([[[0.0], [0.5], [1.0]]]))  # doctest: +SKIP
    >>> img_to_array(picture).ravel().tolist()  # doctest: +SKIP
    [0.0, 127.0, 255.0]
    """
    image_module = pillow()
    array = np.asarray(x, dtype=dtype or np.float32)
    if array.ndim != 3:
        raise ValueError(
            f"array_to_img: expected one image of 3 axes (height, width, channels), got shape "
            f"{array.shape}"
        )
    if _channels_first(data_format):
        array = np.moveaxis(array, 0, -1)
    if scale:
        array = array - array.min()
        top = array.max()
        array = array / (top or 1) * 255
    channels = array.shape[2]
    if channels == 1 and array.max() > 255:
        return image_module.fromarray(array[..., 0].astype(np.int32))
    if channels not in (1, 3, 4):
        raise ValueError(f"array_to_img: an image has 1, 3 or 4 channels, got {channels}")
    points = array.astype(np.uint8)
    return image_module.fromarray(points[..., 0] if channels == 1 else points)


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Writes an array as an image file.

    Parameters
    ----------
    path
        Of the file, or a file object.
    x, data_format, scale
        As for `array_to_img`.
    file_format
        Such as ``"png"``; None for what the ending of `path` says.
    **kwargs
        For ``PIL.Image.Image.save``, such as ``quality``.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    ValueError
        If the shape is not that of an image, or the format is unknown.
    """
    import warnings

    image = array_to_img(x, data_format=data_format, scale=scale)
    if file_format is None and isinstance(path, str | os.PathLike):
        file_format = os.path.splitext(path)[1][1:]
    if file_format and file_format.lower() == "jpg":
        file_format = "jpeg"
    if image.mode == "RGBA" and file_format and file_format.lower() == "jpeg":
        warnings.warn("JPEG files have no transparency; the image is saved as RGB", stacklevel=2)
        image = image.convert("RGB")
    try:
        image.save(path, format=file_format or None, **kwargs)
    except KeyError:
        raise ValueError(f"save_img: Pillow knows no image format {file_format!r}") from None


def _mode(color_mode: str) -> str:
    if color_mode not in COLOR_MODES:
        raise unknown_name("color_mode", color_mode, COLOR_MODES)
    return COLOR_MODES[color_mode]


def _resampling(interpolation: str) -> Any:
    known = {each.name.lower(): each for each in pillow().Resampling}
    if interpolation not in known:
        raise unknown_name("interpolation", interpolation, known)
    return known[interpolation]


def _size(value: Any, what: str) -> tuple[int, int]:
    sizes = (value, value) if isinstance(value, int | np.integer) else value
    if (
        not isinstance(sizes, tuple | list)
        or len(sizes) != 2
        or not all(isinstance(each, int | np.integer) and each > 0 for each in sizes)
    ):
        raise ValueError(f"{what} must be (height, width), two integers from 1 up, got {value!r}")
    return int(sizes[0]), int(sizes[1])


def _middle(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int, int, int]:
    """The largest box in the middle of an image that has the ratio of the target.

    Parameters
    ----------
    size, target
        ``(width, height)``.

    Returns
    -------
    tuple of int
        Left, top, right, bottom.
    """
    width = min(size[0], size[1] * target[0] // target[1])
    height = min(size[1], size[0] * target[1] // target[0])
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return left, top, left + width, top + height


def _channels_first(data_format: str | None) -> bool:
    return _settings.image_format(data_format, "data_format") == "channels_first"
