"""Layers and models that files of several formats are tried on."""

from __future__ import annotations

import numpy as np

from martlet import Input, Model, Sequential, layers, ops


def chain():
    return Sequential(
        [
            Input((8, 8, 3)),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", name="out"),
        ],
        name="chain",
    )


def several():
    """Models within a model, layers that are called twice, several inputs and outputs."""
    base = Sequential([Input((8, 8, 3)), layers.Conv2D(2, 3), layers.Flatten()], name="base")
    features = Input((72,))
    head = Model(features, [layers.Dense(4, activation="tanh")(features), features], name="head")
    shared = layers.Dense(4, name="shared")
    first, second = Input((8, 8, 3), name="first"), Input((4,), name="second")
    x, more = head(base(first))
    x = layers.Add()([shared(x), shared(second), head(base(first))[0]])
    return Model([second, first], [layers.Dense(3)(x), layers.Dense(2)(more)], name="several")


class Halves(layers.Layer):
    """A layer of one's own with a layer and weights within."""

    def __init__(self, units):
        super().__init__(name="halves")
        self.dense = layers.Dense(units)

    def build(self, shape):
        self.scale = self.add_weight((shape[-1],), "ones", name="scale")
        self.shift = self.add_weight((), "zeros", trainable=False, name="shift")

    def call(self, x):
        x = ops.exp(-ops.square(x * self.scale + self.shift))
        return self.dense(x) * 0.5 + ops.sum(x, axis=-1, keepdims=True)


class Own(Model):
    """A model of one's own."""

    def __init__(self):
        super().__init__(name="own")
        self.flatten = layers.Flatten()
        self.halves = Halves(5)
        self.head = layers.Dense(3, activation="softmax")

    def call(self, x):
        return self.head(self.halves(self.flatten(x)))


def own():
    model = Own()
    model.build((None, 8, 8, 3))
    return model


MODELS = {"chain": chain, "several": several, "own": own}


def shuffled(model):
    """The model with weights that no initializer makes."""
    random = np.random.default_rng(5)
    model.set_weights([random.uniform(0.1, 0.9, each.shape) for each in model.get_weights()])
    return model


def alone(layer, *shapes):
    """A model of one layer, with weights that no initializer makes."""
    symbols = [Input(shape) for shape in shapes]
    model = Model(symbols, layer(symbols if len(symbols) > 1 else symbols[0]))
    return shuffled(model) if model.weights else model


IMAGE = (9, 7, 4)
FIRST = {"data_format": "channels_first"}
LAYERS = [
    (layers.Dense(5, activation="gelu"), (6,)),
    (layers.Dense(5, use_bias=False), (4, 6)),
    (layers.Dense(5), (3, 4, 6)),
    (layers.Conv2D(6, 3, activation="relu"), IMAGE),
    (layers.Conv2D(6, (3, 2), strides=(2, 3), padding="same", use_bias=False), IMAGE),
    (layers.Conv2D(6, (4, 3), padding="same", dilation_rate=2, activation="softmax"), IMAGE),
    (layers.Conv2D(6, 3, groups=2, padding="same", **FIRST), IMAGE[::-1]),
    (layers.Conv1D(5, 4, padding="causal", dilation_rate=2), (11, 3)),
    (layers.ZeroPadding1D((2, 1)), (6, 3)),
    (layers.Cropping1D((2, 1)), (6, 3)),
    (layers.UpSampling1D(3), (6, 3)),
    (layers.Conv1D(5, 4, padding="same", strides=3, activation="tanh"), (11, 3)),
    (layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2), IMAGE),
    (layers.SeparableConv2D(5, 3, depth_multiplier=2, activation="elu"), IMAGE),
    (layers.Conv2DTranspose(5, 3, strides=2, padding="same"), IMAGE),
    (layers.Conv2DTranspose(5, (2, 3), strides=(4, 2)), IMAGE),
    (layers.Conv2DTranspose(5, 4, strides=3, padding="same", output_padding=2), IMAGE),
    (layers.Conv2DTranspose(5, 3, dilation_rate=2, use_bias=False, **FIRST), IMAGE[::-1]),
    (layers.MaxPooling2D(3, strides=2, padding="same"), IMAGE),
    (layers.MaxPooling2D((2, 3)), IMAGE),
    (layers.AveragePooling2D((4, 3), strides=2, padding="same"), IMAGE),
    (layers.AveragePooling2D(2, **FIRST), IMAGE[::-1]),
    (layers.MaxPooling1D(3, padding="same"), (11, 3)),
    (layers.AveragePooling1D(3, 2, padding="same"), (11, 3)),
    (layers.GlobalAveragePooling2D(), IMAGE),
    (layers.GlobalMaxPooling2D(keepdims=True), IMAGE),
    (layers.GlobalAveragePooling2D(keepdims=True, **FIRST), IMAGE[::-1]),
    (layers.GlobalAveragePooling1D(), (11, 3)),
    (layers.GlobalMaxPooling1D(keepdims=True), (11, 3)),
    (layers.BatchNormalization(), IMAGE),
    (layers.BatchNormalization(axis=1, scale=False), IMAGE),
    (layers.BatchNormalization(axis=2, center=False), IMAGE),
    (layers.BatchNormalization(), (5,)),
    (layers.LayerNormalization(), IMAGE),
    (layers.LayerNormalization(axis=[1, 2], center=False), IMAGE),
    (layers.GroupNormalization(2), IMAGE),
    (layers.GroupNormalization(-1, axis=1), IMAGE),
    (layers.RMSNormalization(axis=[2, 3]), IMAGE),
    (layers.UnitNormalization(axis=1), IMAGE),
    (layers.Normalization(mean=[1, 2, 3, 4], variance=[1, 2, 0, 4]), IMAGE),
    (layers.Normalization(axis=None, mean=1.5, variance=3.0, invert=True), IMAGE),
    (layers.Normalization(axis=(1, 3)), IMAGE),
    (layers.Rescaling(1 / 255, -0.5), IMAGE),
    (layers.Rescaling([1, 2, 3, 4], [0.5, 0, 0, 1]), IMAGE),
    (layers.ReLU(), IMAGE),
    (layers.ReLU(max_value=0.5, negative_slope=0.1, threshold=0.2), IMAGE),
    (layers.LeakyReLU(0.15), IMAGE),
    (layers.ELU(alpha=0.7), IMAGE),
    (layers.PReLU(shared_axes=[1, 2]), IMAGE),
    (layers.PReLU(), IMAGE),
    (layers.Softmax(axis=1), IMAGE),
    (layers.Flatten(), IMAGE),
    (layers.Flatten(**FIRST), IMAGE),
    (layers.Reshape((7, -1)), IMAGE),
    (layers.Permute((3, 1, 2)), IMAGE),
    (layers.RepeatVector(4), (3,)),
    (layers.ZeroPadding2D(((1, 2), (0, 3))), IMAGE),
    (layers.Cropping2D(((1, 2), (0, 3))), IMAGE),
    (layers.UpSampling2D((2, 3)), IMAGE),
    (layers.UpSampling2D(2, interpolation="bilinear", **FIRST), IMAGE[::-1]),
    (layers.Resizing(5, 11), IMAGE),
    (layers.Resizing(4, 3, interpolation="nearest"), IMAGE),
    (layers.Resizing(8, 8, crop_to_aspect_ratio=True), IMAGE),
    (layers.Resizing(6, 8, pad_to_aspect_ratio=True, fill_value=0.5), IMAGE),
    (layers.CenterCrop(4, 3), IMAGE),
    (layers.CenterCrop(12, 12), IMAGE),
    (layers.RandomCrop(5, 5), IMAGE),
    (layers.Dropout(0.5), IMAGE),
    (layers.SpatialDropout2D(0.5), IMAGE),
    (layers.GaussianNoise(1.0), IMAGE),
    (layers.ActivityRegularization(l2=0.1), IMAGE),
    (layers.Identity(), IMAGE),
    (layers.RandomFlip(), IMAGE),
    (layers.RandomRotation(0.2), IMAGE),
    (layers.RandomZoom(0.2), IMAGE),
    (layers.RandomTranslation(0.2, 0.2), IMAGE),
    (layers.RandomContrast(0.2), IMAGE),
    (layers.RandomBrightness(0.2), IMAGE),
    (layers.Add(), IMAGE, IMAGE, IMAGE),
    (layers.Subtract(), IMAGE, (7, 4)),
    (layers.Multiply(), (1, 1, 4), IMAGE),
    (layers.Average(), IMAGE, IMAGE, IMAGE),
    (layers.Maximum(), IMAGE, IMAGE),
    (layers.Minimum(), IMAGE, IMAGE),
    (layers.Concatenate(), IMAGE, IMAGE),
    (layers.Concatenate(axis=1), (2, 3), (4, 3)),
]
