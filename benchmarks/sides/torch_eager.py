"""PyTorch in eager mode: the plain training loop, with the memory format and optimizer it has
for processors: channels last, fused Adam.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from layouts import Weights, channels_first
from networks import (
    Convolution,
    Dense,
    Depthwise,
    Dropout,
    Flattening,
    GlobalPooling,
    Layer,
    Network,
    Normalization,
    Pooling,
    Relu,
    Residual,
    Shape,
    inside,
    named,
    padding,
    trace,
)
from sides import Side


class Torch(Side):
    """Float32, or autocast to bfloat16."""

    def __init__(self, threads: int, precision: str) -> None:
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        torch.manual_seed(1)
        self.autocast = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")

    def build(self, network: Network, weights: Weights, dropout: bool = True) -> None:
        inputs = {step.name: step.input for step in trace(network.layers, network.shape)}
        maker = _Maker(inputs, channels_first(network, weights), dropout)
        self.model = maker.chain(named(network.layers)).to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.model.parameters(), network.rate, fused=True)
        self.steps = 0

    def data(self, x: np.ndarray, y: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        # Kept as it comes, a choice of samples seen with its channels first has the memory format
        # channels_last already.
        return torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))

    def fit(self, data: tuple[torch.Tensor, torch.Tensor], batch: int, epochs: int) -> float:
        images, labels = data
        self.model.train()
        self._follow_keras()
        for _ in range(epochs):
            order = torch.randperm(len(images))
            loss_sum, right = torch.zeros(()), torch.zeros((), dtype=torch.int64)
            for start in range(0, len(images), batch):
                chosen = order[start : start + batch]
                targets = labels[chosen]
                with self.autocast:
                    logits = self.model(images[chosen].permute(0, 3, 1, 2))
                    loss = functional.cross_entropy(logits, targets)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                self.steps += 1
                loss_sum += loss.detach() * len(chosen)
                right += (logits.argmax(1) == targets).sum()
            mean_loss, _accuracy = float(loss_sum) / len(images), int(right) / len(images)
        return mean_loss

    def predict(self, data: tuple[torch.Tensor, torch.Tensor], batch: int) -> np.ndarray:
        self.model.eval()
        images = data[0]
        with torch.inference_mode(), self.autocast:
            parts = [
                self._probabilities(images[start : start + batch])
                for start in range(0, len(images), batch)
            ]
            return torch.cat(parts).numpy()

    def one(self, data: tuple[torch.Tensor, torch.Tensor], index: int) -> np.ndarray:
        self.model.eval()
        with torch.inference_mode(), self.autocast:
            return self._probabilities(data[0][index : index + 1]).numpy()

    def _follow_keras(self) -> None:
        """Gives Adam the epsilon with which its next step is that of Keras.

        Keras adds 1e-7 to the root of the second moment before the correction of its bias, PyTorch
        after it. Once per `fit` is enough: checks train one step at a time, and after thousands of
        steps there is no difference.
        """
        _, decay = self.optimizer.defaults["betas"]
        for group in self.optimizer.param_groups:
            group["eps"] = 1e-7 / math.sqrt(1 - decay ** (self.steps + 1))

    def _probabilities(self, images: torch.Tensor) -> torch.Tensor:
        return functional.softmax(self.model(images.permute(0, 3, 1, 2)).float(), 1)


class _Block(nn.Module):
    """A residual block."""

    def __init__(self, body: nn.Module, shortcut: nn.Module, clamps: bool) -> None:
        super().__init__()
        self.body, self.shortcut, self.clamps = body, shortcut, clamps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = self.body(x) + self.shortcut(x)
        return functional.relu_(total) if self.clamps else total


class _Maker:
    """Makes modules that hold given weights."""

    def __init__(self, inputs: dict[str, Shape], weights: Weights, dropout: bool) -> None:
        self.inputs, self.weights, self.dropout = inputs, weights, dropout

    def chain(self, layers: list[tuple[str, Layer]]) -> nn.Sequential:
        """The layers one after the other; none of them is the identity."""
        return nn.Sequential(*(part for each in layers for part in self.parts(*each)))

    def parts(self, name: str, layer: Layer) -> list[nn.Module]:
        """What a layer is made of. A last softmax is left to the loss, which takes logits."""
        match layer:
            case Convolution() | Depthwise():
                return self.convolution(name, layer)
            case Normalization():
                gamma = self.weights[f"{name}/gamma"]
                module = nn.BatchNorm2d(len(gamma), eps=1e-3, momentum=0.01)
                names = ("gamma", "beta", "moving_mean", "moving_variance")
                values = (module.weight, module.bias, module.running_mean, module.running_var)
                return [self.filled(module, name, dict(zip(names, values, strict=True)))]
            case Relu():
                return [
                    nn.ReLU(inplace=True)
                    if layer.most is None
                    else nn.Hardtanh(0, layer.most, inplace=True)
                ]
            case Pooling():
                return [self.pooling(name, layer)]
            case GlobalPooling():
                return [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
            case Flattening():
                return [nn.Flatten()]
            case Dense():
                outputs, inputs = self.weights[f"{name}/kernel"].shape
                module = nn.Linear(inputs, outputs)
                parts = [self.filled(module, name, {"kernel": module.weight, "bias": module.bias})]
                return parts + [nn.ReLU(inplace=True)] * (layer.activation == "relu")
            case Dropout():
                return [nn.Dropout(layer.rate if self.dropout else 0.0)]
            case Residual():
                body, shortcut = (
                    self.chain(named(branch, inside(name, which)))
                    for which, branch in (("body", layer.body), ("shortcut", layer.shortcut))
                )
                return [_Block(body, shortcut, clamps=layer.activation == "relu")]

    def convolution(self, name: str, layer: Convolution | Depthwise) -> list[nn.Module]:
        """With the padding inside where it is symmetric, else before."""
        rows, columns = (padding(layer, extent) for extent in self.inputs[name][:2])
        before = rows[0] == rows[1] and columns[0] == columns[1]
        outputs, inputs, *size = self.weights[f"{name}/kernel"].shape
        channels = self.inputs[name][2]
        module = nn.Conv2d(
            channels,
            outputs,
            size,
            stride=layer.stride,
            padding=(rows[0], columns[0]) if before else 0,
            groups=channels // inputs,
            bias=f"{name}/bias" in self.weights,
        )
        values = {"kernel": module.weight} | (
            {"bias": module.bias} if module.bias is not None else {}
        )
        parts: list[nn.Module] = [] if before else [nn.ZeroPad2d((*columns, *rows))]
        parts.append(self.filled(module, name, values))
        activation = getattr(layer, "activation", None)
        return parts + [nn.ReLU(inplace=True)] * (activation == "relu")

    def pooling(self, name: str, layer: Pooling) -> nn.Module:
        """Padded at the ends alone, where a window simply ends earlier."""
        before, after = padding(layer, self.inputs[name][0])
        assert before == 0, "padding before an image is not in these networks"
        return nn.MaxPool2d(layer.size, layer.stride, ceil_mode=after > 0)

    def filled(self, module: nn.Module, name: str, values: dict[str, Any]) -> nn.Module:
        """The module, its tensors set to the weights of a layer."""
        with torch.no_grad():
            for weight, tensor in values.items():
                tensor.copy_(torch.from_numpy(self.weights[f"{name}/{weight}"]))
        return module
