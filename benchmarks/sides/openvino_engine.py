"""OpenVINO on the processor."""

from __future__ import annotations

from typing import Any

import numpy as np
import openvino

from layouts import Weights, images_channels_first
from networks import Network
from sides import Side
from sides.onnx_graph import model_bytes


class OpenVino(Side):
    """One request at a time on all threads; bfloat16 by the hint for the inference precision."""

    def __init__(self, threads: int, precision: str) -> None:
        self.core = openvino.Core()
        self.settings = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[precision],
        }

    def build(self, network: Network, weights: Weights, dropout: bool = True) -> None:
        self.model = self.core.read_model(model_bytes(network, weights))
        self.requests: dict[int, Any] = {}

    def data(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return images_channels_first(x)

    def predict(self, data: np.ndarray, batch: int) -> np.ndarray:
        parts = [self._run(data[start : start + batch]) for start in range(0, len(data), batch)]
        return np.concatenate(parts)

    def one(self, data: np.ndarray, index: int) -> np.ndarray:
        return self._run(data[index : index + 1])

    def _run(self, images: np.ndarray) -> np.ndarray:
        # Compiled for each number of samples: with fixed shapes the engine chooses better.
        if len(images) not in self.requests:
            self.model.reshape(list(images.shape))
            compiled = self.core.compile_model(self.model, "CPU", self.settings)
            self.requests[len(images)] = compiled.create_infer_request()
        outputs = self.requests[len(images)].infer({0: images})
        # The array is a view of memory that the next call overwrites.
        return outputs[0].copy()
