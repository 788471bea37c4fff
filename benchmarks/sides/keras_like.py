"""Martlet, and Keras on its backends: one program for all, through `compile` and `fit`."""

from __future__ import annotations

from typing import Any

import numpy as np

from layouts import Weights
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
    inside,
    named,
)
from sides import NotSupported, Side


class KerasLike(Side):
    """A module with Keras's interface."""

    def __init__(self, keras: Any, precision: str) -> None:
        self.keras = keras
        try:
            if precision == "bfloat16":
                keras.config.set_dtype_policy("mixed_bfloat16")
            elif precision == "high":
                keras.config.set_matmul_precision("high")
        except (AttributeError, NotImplementedError) as error:
            raise NotSupported(str(error)) from error

    def build(self, network: Network, weights: Weights | None, dropout: bool = True) -> None:
        keras = self.keras
        keras.utils.set_random_seed(1)
        symbol = keras.Input(network.shape)
        if network.functional:
            made = _functional(keras, named(network.layers), symbol, dropout)
            self.model = keras.Model(symbol, made)
        else:
            chain = [_layer(keras, *each, dropout) for each in named(network.layers)]
            self.model = keras.Sequential([symbol, *chain])
        if weights is not None:
            for layer in self.model.layers:
                layer.set_weights([weights[_key(layer, each)] for each in layer.weights])
        self.model.compile(
            keras.optimizers.Adam(network.rate),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )

    def weights(self) -> Weights:
        """The weights as they are, by the names that `layouts` describes."""
        return {
            _key(layer, weight): value
            for layer in self.model.layers
            for weight, value in zip(layer.weights, layer.get_weights(), strict=True)
        }

    def data(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return x, y

    def fit(self, data: tuple[np.ndarray, np.ndarray], batch: int, epochs: int) -> float:
        history = self.model.fit(*data, batch_size=batch, epochs=epochs, verbose=0)
        return history.history["loss"][-1]

    def predict(self, data: tuple[np.ndarray, np.ndarray], batch: int) -> np.ndarray:
        return self.model.predict(data[0], batch_size=batch, verbose=0)

    def one(self, data: tuple[np.ndarray, np.ndarray], index: int) -> np.ndarray:
        return self.model.predict_on_batch(data[0][index : index + 1])


class Martlet(KerasLike):
    """Martlet."""

    def __init__(self, threads: int, precision: str) -> None:
        import martlet

        martlet.config.set_num_threads(threads)
        faster = ("amx",) if precision == "high" else ("amx", "avx512_bf16")
        self.rounds = martlet.config.instruction_set() in faster
        super().__init__(martlet, precision)


class KerasOnTensorFlow(KerasLike):
    """Keras with its TensorFlow backend."""

    def __init__(self, threads: int, precision: str) -> None:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        import keras

        super().__init__(keras, precision)


class KerasOnJax(KerasLike):
    """Keras with its JAX backend, whose threads the environment has set."""

    def __init__(self, threads: int, precision: str) -> None:
        import jax  # noqa: F401 - Keras alone would say that its backend is missing
        import keras

        super().__init__(keras, precision)


def _key(layer: Any, weight: Any) -> str:
    return f"{layer.name}/{weight.name}"


def _functional(keras: Any, layers: list[tuple[str, Layer]], symbol: Any, dropout: bool) -> Any:
    for name, layer in layers:
        if isinstance(layer, Residual):
            branches = [
                _functional(keras, named(branch, inside(name, which)), symbol, dropout)
                for which, branch in (("body", layer.body), ("shortcut", layer.shortcut))
            ]
            symbol = keras.layers.Add()(branches)
            if layer.activation is not None:
                symbol = keras.layers.Activation(layer.activation)(symbol)
        else:
            symbol = _layer(keras, name, layer, dropout)(symbol)
    return symbol


def _layer(keras: Any, name: str, layer: Layer, dropout: bool) -> Any:
    layers = keras.layers
    match layer:
        case Convolution():
            return layers.Conv2D(
                layer.filters,
                layer.size,
                strides=layer.stride,
                padding=layer.padding,
                activation=layer.activation,
                use_bias=layer.bias,
                name=name,
            )
        case Depthwise():
            return layers.DepthwiseConv2D(
                layer.size, strides=layer.stride, padding="same", use_bias=False, name=name
            )
        case Normalization():
            return layers.BatchNormalization(name=name)
        case Relu():
            return layers.ReLU(max_value=layer.most, name=name)
        case Pooling():
            return layers.MaxPooling2D(
                layer.size, strides=layer.stride, padding=layer.padding, name=name
            )
        case GlobalPooling():
            return layers.GlobalAveragePooling2D(name=name)
        case Flattening():
            return layers.Flatten(name=name)
        case Dense():
            return layers.Dense(layer.units, activation=layer.activation, name=name)
        case Dropout():
            return layers.Dropout(layer.rate if dropout else 0.0, name=name)
        case _:
            raise TypeError(f"a chain has no place for {layer}")
