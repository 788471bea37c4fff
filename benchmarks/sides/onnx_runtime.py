"""ONNX Runtime on the processor."""

from __future__ import annotations

import numpy as np
import onnxruntime

from layouts import Weights, images_channels_first
from networks import Network
from sides import Side
from sides.onnx_graph import model_bytes


class OnnxRuntime(Side):
    """Float32, with all graph optimizations."""

    def __init__(self, threads: int, precision: str) -> None:
        self.options = onnxruntime.SessionOptions()
        self.options.intra_op_num_threads = threads
        self.options.inter_op_num_threads = 1

    def build(self, network: Network, weights: Weights, dropout: bool = True) -> None:
        self.session = onnxruntime.InferenceSession(
            model_bytes(network, weights), self.options, providers=["CPUExecutionProvider"]
        )

    def data(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return images_channels_first(x)

    def predict(self, data: np.ndarray, batch: int) -> np.ndarray:
        parts = [self._run(data[start : start + batch]) for start in range(0, len(data), batch)]
        return np.concatenate(parts)

    def one(self, data: np.ndarray, index: int) -> np.ndarray:
        return self._run(data[index : index + 1])

    def _run(self, images: np.ndarray) -> np.ndarray:
        return self.session.run(None, {"images": images})[0]
