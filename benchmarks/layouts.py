"""Weights of a network on their way between the sides.

They are kept as Keras has them: a dict from ``"layer/weight"`` to float32 arrays, kernels of
convolutions ``[rows, columns, in, out]`` and of dense layers ``[in, out]``. This file is the one
place that knows what libraries with the channels first want instead.
"""

from __future__ import annotations

import numpy as np

from networks import Convolution, Dense, Depthwise, Flattening, Network, trace

Weights = dict[str, np.ndarray]


def channels_first(network: Network, weights: Weights) -> Weights:
    """The weights for a library that computes on ``[samples, channels, rows, columns]``.

    Returns
    -------
    dict of str to numpy.ndarray
        Kernels of convolutions ``[out, in, rows, columns]`` (depthwise ones ``[channel, 1, rows,
        columns]``), of dense layers ``[out, in]``; where a dense layer follows the flattening of an
        image, its inputs are in the order channels, rows, columns. Everything else is as it was.
    """
    converted = dict(weights)
    flattened = None
    for step in trace(network.layers, network.shape):
        kernel = f"{step.name}/kernel"
        if isinstance(step.layer, Convolution):
            converted[kernel] = np.ascontiguousarray(weights[kernel].transpose(3, 2, 0, 1))
        elif isinstance(step.layer, Depthwise):
            converted[kernel] = np.ascontiguousarray(weights[kernel].transpose(2, 3, 0, 1))
        elif isinstance(step.layer, Dense):
            values = weights[kernel]
            if flattened is not None:
                values = values.reshape(*flattened, -1).transpose(2, 0, 1, 3)
                values = values.reshape(step.input[0], -1)
            converted[kernel] = np.ascontiguousarray(values.T)
            flattened = None
        elif isinstance(step.layer, Flattening):
            flattened = step.input
    return converted


def images_channels_first(x: np.ndarray) -> np.ndarray:
    """``[samples, rows, columns, channels]`` as a new array of rows of channels' planes."""
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def unlike(weights: Weights) -> Weights:
    """The weights, with noise where all values are the same.

    Fresh biases are zero and normalizations do nothing: two of them mistaken for each other would
    not show in any result.
    """
    random = np.random.default_rng(11)
    return {
        name: values + random.uniform(-0.1, 0.1, values.shape).astype(np.float32)
        if np.ptp(values) == 0
        else values
        for name, values in weights.items()
    }
