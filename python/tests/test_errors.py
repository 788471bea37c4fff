"""Every mistake gets one clear exception, before any weight changes."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import martlet
from martlet import Input, NonFiniteError, Sequential, layers
from martlet.layers import Conv2D, Dense, Flatten
from martlet.utils import to_categorical


@pytest.fixture
def images():
    """40 pictures with labels."""
    random = np.random.default_rng(0)
    return random.random((40, 8, 8, 1), dtype=np.float32), random.integers(0, 3, 40)


@pytest.fixture
def model():
    """A model for the pictures."""
    model = Sequential(
        [
            Input((8, 8, 1), name="picture"),
            Conv2D(2, 3, name="conv"),
            Flatten(),
            Dense(3, activation="softmax", name="answer"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def with_label(y, index, label):
    y = y.copy()
    y[index] = label
    return y


def with_nan(x, sample):
    x = x.copy()
    x[sample, 3, 3, 0] = np.nan
    return x


# What is given instead of x and y, which exception, what its message must say.
MISTAKES = {
    "rank": (lambda x, y: (x[0, :, :, 0], y[:8]), ValueError, ["picture", "8, 8", "None, 8, 8, 1"]),
    "rank 5": (lambda x, y: (x[None], y[:1]), ValueError, ["picture", "8, 8, 1"]),
    "channels": (lambda x, y: (np.repeat(x, 3, -1), y), ValueError, ["picture", "8, 8, 3"]),
    "channels first": (
        lambda x, y: (np.zeros((4, 1, 8, 8)), y[:4]),
        ValueError,
        ["picture", "channels last"],
    ),
    "size": (lambda x, y: (x[:, :7], y), ValueError, ["picture", "7, 8, 1", "8, 8, 1"]),
    "large label": (lambda x, y: (x, with_label(y, 17, 5)), ValueError, ["5", "17", "answer", "3"]),
    "negative label": (lambda x, y: (x, with_label(y, 3, -1)), ValueError, ["-1", "3", "answer"]),
    "broken label": (lambda x, y: (x, y + 0.5), ValueError, ["label", "index 0"]),
    "one-hot": (
        lambda x, y: (x, to_categorical(y)),
        ValueError,
        ["answer", "one-hot", "categorical_crossentropy"],
    ),
    "lengths": (lambda x, y: (x, y[:-1]), ValueError, ["x has 40", "y has 39"]),
    "empty": (lambda x, y: (x[:0], y[:0]), ValueError, ["x is empty", "0, 8, 8, 1"]),
    "NaN": (lambda x, y: (with_nan(x, 7), y), NonFiniteError, ["x", "NaN", "7"]),
    "infinity": (lambda x, y: (x / np.float32(0), y), NonFiniteError, ["x", "0"]),
    "object array": (
        lambda x, y: (np.array([*x, None], object)[:40], y),
        TypeError,
        ["x is an object array"],
    ),
    "object labels": (
        lambda x, y: (x, np.array(["cat", *y[1:]], object)),
        TypeError,
        ["y is an object array", "element [0]", "str"],
    ),
    "text labels": (lambda x, y: (x, y.astype(str)), TypeError, ["y holds", "expected numbers"]),
    "complex": (lambda x, y: (x.astype(complex), y), TypeError, ["x holds complex"]),
    "ragged": (lambda x, y: ([[1, 2], [3]], y[:2]), TypeError, ["x is ragged"]),
    "nothing": (lambda x, y: (None, y), ValueError, ["x is missing"]),
    "no targets": (lambda x, y: (x, None), ValueError, ["y is missing"]),
    "one number": (lambda x, y: (3.0, y), ValueError, ["x", "single value"]),
    "two inputs": (lambda x, y: ({"a": x, "b": x}, y), ValueError, ["['a', 'b']", "['picture']"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_data(name, model, images):
    change, kind, parts = MISTAKES[name]
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y = change(*images)
    before = model.get_weights()
    calls = [
        lambda: model.fit(x, y, verbose=0),
        lambda: model.train_on_batch(x, y),
        lambda: model.evaluate(x, y, verbose=0),
    ]
    for call in calls:
        with pytest.raises(kind) as caught:
            call()
        message = str(caught.value)
        for part in parts:
            assert part in message
        assert "\n" not in message
        assert len(message) < 400
    for now, then in zip(model.get_weights(), before, strict=True):
        assert now.tolist() == then.tolist()
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize("name", ["lengths", "large label", "channels", "NaN", "object array"])
def test_mistakes_in_validation_data_come_before_training(name, model, images):
    change, kind, parts = MISTAKES[name]
    with pytest.raises(kind) as caught:
        model.fit(*images, validation_data=change(*images), verbose=0)
    assert "validation_data" in str(caught.value)
    for part in parts:
        assert part in str(caught.value).replace("validation_data: ", "")
    assert model.optimizer.iterations == 0


def test_sparse_labels_for_a_loss_that_wants_one_hot(model, images):
    model.compile("adam", "categorical_crossentropy")
    with pytest.raises(ValueError, match="sparse_categorical_crossentropy"):
        model.fit(*images, verbose=0)


def test_fit_before_compile(images):
    model = Sequential([Input((8, 8, 1)), Flatten(), Dense(3)], name="raw")
    for call in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch):
        with pytest.raises(ValueError, match="model 'raw' must be compiled before"):
            call(*images)
    model.compile("sgd")
    with pytest.raises(ValueError, match="compiled without a loss"):
        model.fit(*images)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "adm"}, "unknown optimizer 'adm'; did you mean 'adam'"),
        ({"loss": "msee"}, "unknown loss 'msee'; did you mean 'mse'"),
        ({"loss": "sparse_categorical_crosentropy"}, "mean 'sparse_categorical_crossentropy'"),
        ({"metrics": ["acuracy"]}, "unknown metric 'acuracy'; did you mean 'accuracy'"),
        ({"metrics": ["zzz"]}, "Known are"),
        ({"loss": ["mse", "mse"]}, "expected loss for 1 outputs"),
        ({"loss": {"other": "mse"}}, "names the output 'other'; outputs are"),
    ],
)
def test_misspelt_names_are_found_by_compile(arguments, message, model):
    given = {"optimizer": "adam", "loss": "mse", **arguments}
    with pytest.raises(ValueError, match=message):
        model.compile(**given)
    if "names the output" not in message and "expected loss" not in message:
        with pytest.raises(ValueError, match=message):
            Sequential([Dense(3)]).compile(**given)


def test_crossentropy_needs_an_output_per_class(images):
    model = Sequential([Input((8, 8, 1)), Flatten(), Dense(1, name="single")])
    with pytest.raises(ValueError, match="layer 'single'.*binary_crossentropy"):
        model.compile("adam", "sparse_categorical_crossentropy")


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be an integer from 1 up, got 0"),
        ({"batch_size": 2.5}, ValueError, "batch_size"),
        ({"verbose": 7}, ValueError, "verbose must be"),
        ({"validation_split": 1.5}, ValueError, "validation_split"),
        ({"validation_split": 0.99}, ValueError, "leaves 0 to train on"),
        ({"validation_data": 3}, ValueError, r"validation_data must be \(x, y\)"),
        ({"class_weight": {0: 1}, "sample_weight": np.ones(40)}, ValueError, "not both"),
        ({"class_weight": [1, 2, 3]}, TypeError, "class_weight must be a dict"),
        ({"class_weight": {"a": 1}}, TypeError, "class_weight"),
        ({"sample_weight": np.ones(39)}, ValueError, "sample_weight has 39"),
        ({"sample_weight": np.ones((40, 3))}, ValueError, "sample_weight"),
        ({"steps_per_epoch": 0}, ValueError, "steps_per_epoch must be an integer from 1 up"),
        ({"shuffle": "batch"}, NotImplementedError, "shuffle='batch'"),
    ],
)
def test_wrong_options_of_fit(options, kind, message, model, images):
    before = model.get_weights()
    with pytest.raises(kind, match=message):
        model.fit(*images, **{"verbose": 0, **options})
    assert before[0].tolist() == model.get_weights()[0].tolist()


def test_a_missing_channel_axis_is_added_silently(model, images):
    x, y = images
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(x[..., 0], y, verbose=0)
        model.predict(x[..., 0], verbose=0)


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 8, 8, 3)), np.zeros((4, 9, 8, 1)), np.zeros((4, 8))]
)
def test_predict_names_input_and_shapes(wrong, model):
    for call in (lambda: model.predict(wrong, verbose=0), lambda: model(wrong)):
        with pytest.raises(ValueError, match="picture.*None, 8, 8, 1"):
            call()


@pytest.mark.parametrize("count", [-1, -(2**40), 1025, 2**40])
def test_thread_counts_out_of_range(count):
    before = martlet.config.num_threads()
    with pytest.raises(
        ValueError, match="must be from 1 to 1024, or 0 for what the machine allows"
    ):
        martlet.config.set_num_threads(count)
    assert martlet.config.num_threads() == before


@pytest.mark.parametrize("count", ["4", 2.5, None])
def test_thread_counts_that_are_no_integers(count):
    with pytest.raises(TypeError, match=f"number of threads must be an integer, got {count!r}"):
        martlet.config.set_num_threads(count)


def test_settings_out_of_range():
    with pytest.raises(ValueError, match="seed"):
        martlet.utils.set_random_seed(-1)
    with pytest.raises(NotImplementedError):
        martlet.config.set_floatx("float16")


def test_errors_are_short_to_read(model, images):
    """No chain of causes: what the user sees ends in one sentence."""
    with pytest.raises(ValueError) as caught:
        model.fit(images[0], images[1] + 5, verbose=0)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert len(caught.traceback) <= 8


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (
            lambda: martlet.layers.Dropout(float("nan")),
            ValueError,
            "Dropout: rate must be a finite",
        ),
        (lambda: martlet.layers.Add()([]), ValueError, "layer 'add'.*empty"),
        (lambda: martlet.optimizers.SGD(float("inf")), ValueError, "learning_rate must be finite"),
        (lambda: Sequential().predict([[1]], verbose=0), ValueError, "has no layers"),
        (lambda: Sequential([Dense(3)]).predict([[]], verbose=0), ValueError, "x is empty"),
        (lambda: Dense(2**24).build((None, 2**24)), ValueError, "layer 'dense'.*elements"),
        (lambda: Input((2**62,)), ValueError, "elements"),
        (lambda: Dense(2).build(4), TypeError, r"layer 'dense'.*such as \(None, 28.*got 4"),
        (lambda: Dense(2).build(None), TypeError, "layer 'dense': input_shape.*got None"),
        (lambda: Dense(2).build((None, "4")), TypeError, r"whole numbers.*got \(None, '4'\)"),
        (lambda: Sequential([Dense(2)]).build(4), TypeError, "layer 'sequential'.*got 4"),
        (
            lambda: martlet.layers.Conv2D(1, 3).build((None, 8, 8, None)),
            ValueError,
            r"layer 'conv2d': its weight 'kernel' of shape \(3, 3, None, 1\) needs a size",
        ),
        (lambda: Dense(2).explain((None, None)), ValueError, "layer 'dense'.*leaves open"),
        (lambda: Dense(2).explain(3), TypeError, "layer 'dense': input_shape.*got 3"),
        (lambda: Dense(2**24).build((None, 2**14)), MemoryError, "memory"),
        (lambda: martlet.activations.get("rulu"), ValueError, "did you mean 'relu'"),
        (lambda: martlet.initializers.get("one"), ValueError, "did you mean 'ones'"),
    ],
)
def test_extremes(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


@pytest.mark.parametrize("options", [{"epochs": 2.5}, {"class_weight": {2**70: 1}}])
def test_numbers_that_do_not_fit(options, model, images):
    with pytest.raises((TypeError, ValueError), match="integer|class number"):
        model.fit(*images, verbose=0, **options)
    model.fit(*images, verbose=0, batch_size=2**70)


_MOST, _LARGEST = 2**38, 2**24


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: layers.UpSampling2D((_LARGEST, 1)), (_MOST, 1, 1)),
        (lambda: layers.Resizing(_LARGEST, 1, crop_to_aspect_ratio=True), (1, _MOST, 1)),
        (lambda: layers.Resizing(_LARGEST, 1, pad_to_aspect_ratio=True), (1, _MOST, 1)),
        (lambda: layers.CenterCrop(_LARGEST, 2), (1, _MOST, 1)),
        (lambda: layers.RandomCrop(_LARGEST, 2), (1, _MOST, 1)),
        (lambda: layers.Conv2DTranspose(1, 1, strides=_LARGEST), (_MOST, 1, 1)),
        (lambda: layers.DepthwiseConv2D(1, depth_multiplier=_LARGEST), (1, 1, _MOST)),
        (lambda: layers.SeparableConv2D(2, 1, depth_multiplier=_LARGEST), (1, 1, _MOST)),
        (lambda: layers.ZeroPadding2D(_LARGEST), (2**19, 2**19, 1)),
        (lambda: layers.RepeatVector(_LARGEST), (_MOST,)),
        (lambda: layers.Dense(_LARGEST), (_MOST,)),
    ],
)
def test_the_largest_sizes_together_do_not_overflow(layer, shape):
    """They are refused, or not too large after all."""
    made = layer()
    try:
        assert math.prod(made(Input(shape)).shape[1:]) <= _MOST
    except ValueError as error:
        assert made.name in str(error) and "has too many elements" in str(error)


def test_one_more_than_the_largest_size():
    with pytest.raises(ValueError, match="has too many elements"):
        Input((_MOST + 1,))
