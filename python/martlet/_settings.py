"""Defaults of layers' arguments that a program may change."""

from __future__ import annotations

FORMATS = ("channels_last", "channels_first")

_image_data_format = FORMATS[0]


def image_data_format() -> str:
    """Where channels stand in images, unless a layer says otherwise."""
    return _image_data_format


def set_image_data_format(data_format: str) -> None:
    """Changes that for layers made from now on."""
    global _image_data_format
    _image_data_format = known_format(data_format, "image data format")


def image_format(data_format: object, what: str) -> str:
    """The format that an argument asks for: the default if it is None."""
    return _image_data_format if data_format is None else known_format(data_format, what)


def known_format(data_format: object, what: str) -> str:
    """The format, in lower case.

    Raises
    ------
    ValueError
        If it is none.
    """
    name = data_format.lower() if isinstance(data_format, str) else None
    if name not in FORMATS:
        raise ValueError(f"{what} must be 'channels_last' or 'channels_first', got {data_format!r}")
    return name
