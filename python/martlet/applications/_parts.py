"""What several networks are built of."""

from __future__ import annotations

from .. import _settings
from ..layers._symbol import KerasTensor


def channels_last() -> bool:
    """Whether the channels are the last axis of images."""
    return _settings.image_data_format() == "channels_last"


def channel_axis() -> int:
    """The axis of the channels, with that of the samples counted."""
    return 3 if channels_last() else 1


def channels(x: KerasTensor) -> int:
    """How many channels a symbol has."""
    count = x.shape[channel_axis()]
    assert count is not None
    return count


def extents(x: KerasTensor) -> tuple[int | None, int | None]:
    """Height and width of a symbol, None for what is left open."""
    height, width = x.shape[1:3] if channels_last() else x.shape[2:]
    return height, width


def border_for_stride_2(x: KerasTensor, size: int) -> tuple[tuple[int, int], ...]:
    """Zeros around an image for a kernel of an odd size with a stride of 2.

    What ``"same"`` does, which puts the odd zero at the end, for any extent that is known; an open
    one is taken for an even one, as in Keras.
    """
    after = size // 2
    before_height, before_width = (after - (1 - (extent or 0) % 2) for extent in extents(x))
    return (before_height, after), (before_width, after)


def rounded(filters: float) -> int:
    """The nearest multiple of 8; the next one where that would lose more than a tenth."""
    nearest = max(8, int(filters + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * filters else nearest
