"""Layers that prepare data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import _data
from .._batches import Batches, is_batches
from .._errors import refuse
from ._built_in import BuiltInLayer, WeightNamed


class Rescaling(BuiltInLayer):
    """``x * scale + offset``, for pixels that come as 0 to 255.

    Parameters
    ----------
    scale
        Factor, such as ``1 / 255``; or a list of one for each position along the last axis.
    offset
        Added afterwards; the same.
    **kwargs
        ``name``, ``input_shape``.

    Raises
    ------
    ValueError
        If a list is not as long as the last axis of the input.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Rescaling
    >>> Rescaling(1 / 255)(np.array([[0, 255]], np.uint8))
    array([[0., 1.]], dtype=float32)
    >>> Rescaling([1, 2], offset=[0, 1])(np.array([[3, 4], [5, 6]]))
    array([[ 3.,  9.],
           [ 5., 13.]], dtype=float32)
    """

    _prepares = True

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__({"scale": scale, "offset": offset}, **kwargs)


class Resizing(BuiltInLayer):
    """Images of another size.

    Parameters
    ----------
    height, width
        Of the output.
    interpolation
        ``"bilinear"`` or ``"nearest"``.
    crop_to_aspect_ratio
        Whether the middle of the image is cut to the ratio of the new size first, so that nothing
        is distorted.
    pad_to_aspect_ratio
        Whether the image is put into the middle of a frame of the ratio of the new size first, for
        the same end.
    fill_mode
        ``"constant"``: the frame has one value.
    fill_value
        That value.
    antialias
        Not supported yet.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, rows, columns, channels)``
    Output shape
        ``(samples, height, width, channels)``

    Raises
    ------
    ValueError
        If a size is below 1, a name unknown, or the image shall be both cut and framed.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Resizing
    >>> image = np.array([0.0, 4.0]).reshape(1, 1, 2, 1)
    >>> Resizing(1, 4)(image).ravel()
    array([0., 1., 3., 4.], dtype=float32)
    >>> Resizing(3, 2, pad_to_aspect_ratio=True, fill_value=9)(image)[0, :, :, 0]
    array([[9., 9.],
           [0., 4.],
           [9., 9.]], dtype=float32)
    """

    _prepares = True

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        refuse("Resizing", antialias=antialias or None)
        arguments = {
            "height": height,
            "width": width,
            "interpolation": interpolation,
            "crop_to_aspect_ratio": crop_to_aspect_ratio,
            "pad_to_aspect_ratio": pad_to_aspect_ratio,
            "fill_mode": fill_mode,
            "fill_value": fill_value,
            "data_format": data_format,
        }
        super().__init__(arguments, **kwargs)


class CenterCrop(BuiltInLayer):
    """The middle of images; those that are too small are cut to its ratio and enlarged.

    Parameters
    ----------
    height, width
        Of the output.
    data_format
        ``"channels_last"`` or ``"channels_first"``; None for
        :func:`martlet.config.image_data_format`.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, rows, columns, channels)``
    Output shape
        ``(samples, height, width, channels)``

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import CenterCrop
    >>> CenterCrop(1, 2)(np.arange(4.0).reshape(1, 1, 4, 1)).ravel()
    array([1., 2.], dtype=float32)
    """

    _prepares = True

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **kwargs: Any
    ) -> None:
        arguments = {"height": height, "width": width, "data_format": data_format}
        super().__init__(arguments, **kwargs)


class Normalization(BuiltInLayer):
    """``(x - mean) / sqrt(variance)``, with numbers that are given or taken from data by `adapt`.

    Parameters
    ----------
    axis
        Axis or axes along which each position has numbers of its own, with the samples counted;
        None for one mean and one variance of all values.
    mean, variance
        Numbers or lists of them; both or neither.
    invert
        Whether to go back: ``x * sqrt(variance) + mean``.
    **kwargs
        ``name``, ``input_shape``.

    Input shape
        ``(samples, ...)``
    Output shape
        The same.

    Raises
    ------
    ValueError
        If `mean` comes without `variance`, or their number does not fit the input.

    Examples
    --------
    >>> import numpy as np
    >>> from martlet.layers import Normalization
    >>> layer = Normalization()
    >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
    >>> layer(np.array([[1.0, 10.0], [3.0, 40.0]]))
    array([[-1., -1.],
           [ 1.,  2.]], dtype=float32)
    """

    _prepares = True
    mean = WeightNamed("mean")
    variance = WeightNamed("variance")

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        axes = [] if axis is None else axis
        arguments = {"axis": axes, "mean": mean, "variance": variance, "invert": invert}
        super().__init__(arguments, **kwargs)

    def adapt(self, data: Any) -> None:
        """Takes mean and variance from data.

        Parameters
        ----------
        data
            An array of samples, or what gives batches of them, as `fit` takes it: of ``(x, y)``
            only ``x`` counts. What was learnt before is forgotten.

        Raises
        ------
        ValueError
            If the layer was made with numbers of its own, or there is no data.
        """
        config = self.get_config()
        if config["mean"] is not None:
            raise ValueError(
                f"layer '{self.name}' was made with a mean and a variance; leave them out to adapt"
            )
        batches = Batches(data, "data").epoch() if is_batches(data) else _slices(data)
        moments = _Moments()
        for x, *_ in batches:
            array = _data.has_samples(_data.as_array(x, "data"), "data")
            axes = {axis % array.ndim for axis in config["axis"]}
            moments.add(array, tuple(axis for axis in range(array.ndim) if axis not in axes))
        self.build(array.shape)
        _, _, count = self.get_weights()
        self.set_weights([moments.mean, moments.variance, count])


class _Moments:
    """Mean and population variance of what comes in parts (Chan, Golub & LeVeque 1979)."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: Any = 0.0
        self.variance: Any = 0.0

    def add(self, array: np.ndarray, axes: tuple[int, ...]) -> None:
        values = array.astype(np.float64)
        count = int(np.prod([array.shape[axis] for axis in axes]))
        mean, variance = values.mean(axes), values.var(axes)
        self.count += count
        share = count / self.count
        distance = mean - self.mean
        self.mean = self.mean + share * distance
        self.variance = (
            (1 - share) * self.variance + share * variance + share * (1 - share) * distance**2
        )


def _slices(data: Any) -> Iterator[tuple[np.ndarray]]:
    """Parts of an array, so that no second one of its size is needed."""
    array = _data.as_array(data, "data")
    for start in range(0, max(len(array), 1) if array.ndim else 1, _SAMPLES_AT_ONCE):
        yield (array[start : start + _SAMPLES_AT_ONCE] if array.ndim else array,)


_SAMPLES_AT_ONCE = 4096
