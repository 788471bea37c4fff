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


def extents(x: KerasTensor) -> tuple[int, int]:
    """Height and width of a symbol."""
    height, width = x.shape[1:3] if channels_last() else x.shape[2:]
    assert height is not None and width is not None
    return height, width


def border_for_stride_2(x: KerasTensor, size: int) -> tuple[tuple[int, int], ...]:
    """Zeros around an image for a kernel of an odd size with a stride of 2.

    What ``"same"`` does, which puts the odd zero at the end, for any extent.
    """
    after = size // 2
    before_height, before_width = (after - (1 - extent % 2) for extent in extents(x))
    return (before_height, after), (before_width, after)


def rounded(filters: float) -> int:
    """The nearest multiple of 8; the next one where that would lose more than a tenth."""
    nearest = max(8, int(filters + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * filters else nearest
