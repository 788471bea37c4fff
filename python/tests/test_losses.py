"""Losses by themselves and in training: Keras's numbers, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import martlet
from martlet import Input, Sequential, layers, losses

keras = pytest.importorskip("keras")

pytestmark = pytest.mark.filterwarnings("ignore")  # the peer's own

# Single precision, where sums have other orders, and logarithms and powers other roundings.
TOLERANCE = 2e-6

ROWS = np.random.default_rng(7)
LOGITS = ROWS.normal(size=(6, 5)).astype(np.float32)
OTHERS = ROWS.normal(size=(6, 5)).astype(np.float32)
PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
SIGMOIDS = 1 / (1 + np.exp(-LOGITS))
DISTRIBUTIONS = np.exp(OTHERS) / np.exp(OTHERS).sum(-1, keepdims=True)
LABELS = np.array([0, 4, 2, 2, 1, 3])
ONE_HOT = np.eye(5, dtype=np.float32)[LABELS]
BITS = (OTHERS > 0).astype(np.float32)
WEIGHTS = np.array([0.5, 2, 0, 1, 1, 3], np.float32)

# A function of the module of losses, and what to compare.
CASES = {
    "sparse": (lambda m: m.SparseCategoricalCrossentropy, {}, LABELS, PROBABILITIES),
    "sparse from logits": (
        lambda m: m.SparseCategoricalCrossentropy,
        {"from_logits": True},
        LABELS[:, None],
        LOGITS,
    ),
    "sparse but for a class": (
        lambda m: m.SparseCategoricalCrossentropy,
        {"from_logits": True, "ignore_class": 2},
        LABELS,
        LOGITS,
    ),
    "categorical": (lambda m: m.CategoricalCrossentropy, {}, ONE_HOT, PROBABILITIES),
    "categorical smoothed": (
        lambda m: m.CategoricalCrossentropy,
        {"from_logits": True, "label_smoothing": 0.2},
        ONE_HOT,
        LOGITS,
    ),
    "binary": (lambda m: m.BinaryCrossentropy, {}, BITS, SIGMOIDS),
    "binary smoothed": (
        lambda m: m.BinaryCrossentropy,
        {"from_logits": True, "label_smoothing": 0.2},
        BITS,
        LOGITS,
    ),
    "categorical focal": (lambda m: m.CategoricalFocalCrossentropy, {}, ONE_HOT, PROBABILITIES),
    "categorical focal from logits": (
        lambda m: m.CategoricalFocalCrossentropy,
        {"from_logits": True, "alpha": 0.6, "gamma": 1.3, "label_smoothing": 0.1},
        ONE_HOT,
        LOGITS,
    ),
    "binary focal": (lambda m: m.BinaryFocalCrossentropy, {}, BITS, SIGMOIDS),
    "binary focal balanced": (
        lambda m: m.BinaryFocalCrossentropy,
        {"apply_class_balancing": True, "alpha": 0.3, "gamma": 1.5, "from_logits": True},
        BITS,
        LOGITS,
    ),
    "dice": (lambda m: m.Dice, {}, BITS, SIGMOIDS),
    "dice by sample": (lambda m: m.Dice, {"axis": -1}, BITS, SIGMOIDS),
    "tversky": (lambda m: m.Tversky, {"alpha": 0.3, "beta": 0.7}, BITS, SIGMOIDS),
    "divergence": (lambda m: m.KLDivergence, {}, DISTRIBUTIONS, PROBABILITIES),
    "cosine": (lambda m: m.CosineSimilarity, {}, OTHERS, LOGITS),
    "squares": (lambda m: m.MeanSquaredError, {}, OTHERS, LOGITS),
    "distances": (lambda m: m.MeanAbsoluteError, {}, OTHERS, LOGITS),
    "percentages": (lambda m: m.MeanAbsolutePercentageError, {}, DISTRIBUTIONS, PROBABILITIES),
    "logarithms": (lambda m: m.MeanSquaredLogarithmicError, {}, DISTRIBUTIONS, PROBABILITIES),
    "huber": (lambda m: m.Huber, {"delta": 0.7}, OTHERS, LOGITS),
    "log cosh": (lambda m: m.LogCosh, {}, OTHERS, LOGITS),
    "poisson": (lambda m: m.Poisson, {}, DISTRIBUTIONS, PROBABILITIES),
    "hinge": (lambda m: m.Hinge, {}, BITS, LOGITS),
    "squared hinge": (lambda m: m.SquaredHinge, {}, BITS, LOGITS),
    "categorical hinge": (lambda m: m.CategoricalHinge, {}, ONE_HOT, LOGITS),
}


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_objects_give_what_keras_gives(name, weighted, reduction):
    make, arguments, y_true, y_pred = CASES[name]
    weights = WEIGHTS if weighted else None
    ours, theirs = (
        make(library.losses)(**arguments, reduction=reduction)(y_true, y_pred, weights)
        for library in (martlet, keras)
    )
    assert np.shape(ours) == np.shape(theirs)
    assert np.asarray(ours) == pytest.approx(np.asarray(theirs), abs=TOLERANCE, rel=TOLERANCE)


FUNCTIONS = [
    ("sparse_categorical_crossentropy", LABELS, PROBABILITIES),
    ("categorical_crossentropy", ONE_HOT, PROBABILITIES),
    ("binary_crossentropy", BITS, SIGMOIDS),
    ("categorical_focal_crossentropy", ONE_HOT, PROBABILITIES),
    ("binary_focal_crossentropy", BITS, SIGMOIDS),
    ("dice", BITS, SIGMOIDS),
    ("tversky", BITS, SIGMOIDS),
    ("kl_divergence", DISTRIBUTIONS, PROBABILITIES),
    ("cosine_similarity", OTHERS, LOGITS),
    ("mean_squared_error", OTHERS, LOGITS),
    ("mean_absolute_error", OTHERS, LOGITS),
    ("mean_absolute_percentage_error", DISTRIBUTIONS, PROBABILITIES),
    ("mean_squared_logarithmic_error", DISTRIBUTIONS, PROBABILITIES),
    ("huber", OTHERS, LOGITS),
    ("log_cosh", OTHERS, LOGITS),
    ("poisson", DISTRIBUTIONS, PROBABILITIES),
    ("hinge", BITS, LOGITS),
    ("squared_hinge", BITS, LOGITS),
    ("categorical_hinge", ONE_HOT, LOGITS),
]


@pytest.mark.parametrize("name, y_true, y_pred", FUNCTIONS)
def test_functions_give_a_value_for_each_prediction(name, y_true, y_pred):
    ours, theirs = (getattr(library.losses, name)(y_true, y_pred) for library in (martlet, keras))
    assert np.shape(ours) == np.shape(theirs)
    assert ours == pytest.approx(np.asarray(theirs), abs=TOLERANCE, rel=TOLERANCE)
    # In compile a function is as good as its name.
    assert type(losses.get(getattr(losses, name))) is type(losses.get(name))


@pytest.mark.parametrize(
    "loss, y_true, y_pred, expected",
    [
        (losses.BinaryCrossentropy(label_smoothing=0.1), [[1]], [[0.9]], 0.2152218),
        (losses.BinaryFocalCrossentropy(), [[1]], [[0.9]], 0.0010536),
        (losses.CategoricalFocalCrossentropy(), [[1, 0]], [[0.9, 0.1]], 0.0002634),
        (losses.Dice(), [[1, 0]], [[0.9, 0.1]], 0.1),
        (losses.Tversky(), [[1, 0]], [[0.9, 0.1]], 0.1000001),
        (losses.Huber(), [0, 0], [0.5, 3], 1.3125),
        (losses.LogCosh(), [0], [3], 2.3093286),
        (losses.KLDivergence(), [0.5, 0.5], [0.2, 0.8], 0.2231436),
        (losses.Hinge(), [0, 1], [0.3, 0.3], 1.0),
        (losses.CosineSimilarity(), [1, 0], [1, 1], -0.7071068),
    ],
)
def test_measured_values(loss, y_true, y_pred, expected):
    assert loss(y_true, y_pred) == pytest.approx(expected, abs=2e-7)


def test_pictures_have_a_loss_for_each_point():
    random = np.random.default_rng(1)
    pred = random.uniform(0.1, 0.9, (2, 4, 3, 5)).astype(np.float32)
    true = random.integers(0, 5, (2, 4, 3))
    weights = np.array([2.0, 0.5])
    ours = losses.sparse_categorical_crossentropy(true, pred)
    assert ours.shape == (2, 4, 3)
    theirs = keras.losses.sparse_categorical_crossentropy(true, pred)
    assert ours == pytest.approx(np.asarray(theirs), abs=TOLERANCE)
    by_sample = losses.SparseCategoricalCrossentropy()(true, pred, weights)
    assert by_sample == pytest.approx((ours * weights[:, None, None]).mean(), abs=TOLERANCE)
    by_point = np.broadcast_to(weights[:, None, None], true.shape)
    assert losses.SparseCategoricalCrossentropy()(true, pred, by_point) == by_sample
    # The classes on another axis.
    moved = np.moveaxis(pred, -1, 1)
    assert losses.sparse_categorical_crossentropy(true, moved, axis=1) == pytest.approx(ours)
    regions = losses.Dice(axis=(1, 2, 3), reduction="none")
    expected = keras.losses.Dice(axis=(1, 2, 3), reduction="none")
    bits = (pred > 0.5).astype(np.float32)
    assert regions(bits, pred) == pytest.approx(np.asarray(expected(bits, pred)), abs=TOLERANCE)


# ---- Training ---------------------------------------------------------------------------------


def trained(library, loss, activation, x, y, weight, shape=(5,)):
    """Losses of some epochs and the weights at their end."""
    model = library.Sequential(
        [library.Input(x.shape[1:]), library.layers.Dense(shape[-1], activation=activation)]
    )
    random = np.random.default_rng(3)
    model.set_weights([random.uniform(-0.5, 0.5, each.shape) for each in model.get_weights()])
    model.compile(library.optimizers.SGD(0.05), loss)
    history = model.fit(
        x, y, batch_size=4, epochs=3, shuffle=False, sample_weight=weight, verbose=0
    )
    return history.history["loss"], model.get_weights()


TRAINED = {
    "sparse but for a class": ("softmax", LABELS),
    "categorical focal": ("softmax", ONE_HOT),
    "categorical focal from logits": (None, ONE_HOT),
    "binary focal": ("sigmoid", BITS),
    "binary focal balanced": (None, BITS),
    "dice": ("sigmoid", BITS),
    "dice by sample": ("sigmoid", BITS),
    "tversky": ("sigmoid", BITS),
    "divergence": ("softmax", DISTRIBUTIONS),
    "cosine": ("tanh", OTHERS),
    "distances": (None, OTHERS),
    "percentages": ("softmax", DISTRIBUTIONS),
    "logarithms": ("sigmoid", DISTRIBUTIONS),
    "huber": (None, OTHERS),
    "log cosh": (None, OTHERS),
    "poisson": ("sigmoid", DISTRIBUTIONS),
    "hinge": ("tanh", BITS),
    "squared hinge": ("tanh", BITS),
    "categorical hinge": (None, ONE_HOT),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", TRAINED)
def test_training_follows_keras(name, weighted):
    make, arguments, *_ = CASES[name]
    activation, y = TRAINED[name]
    if activation == "softmax":
        arguments = {key: value for key, value in arguments.items() if key != "from_logits"}
    x = np.random.default_rng(2).normal(size=(6, 3)).astype(np.float32)
    weight = WEIGHTS if weighted else None
    (ours, our_weights), (theirs, their_weights) = (
        trained(library, make(library.losses)(**arguments), activation, x, y, weight)
        for library in (martlet, keras)
    )
    # The percentages are of small targets, so losses are near 100.
    assert ours == pytest.approx(theirs, abs=1e-5, rel=1e-5)
    for a, b in zip(our_weights, their_weights, strict=True):
        assert a == pytest.approx(b, abs=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_sum_is_not_divided(weighted):
    x = np.random.default_rng(2).normal(size=(6, 3)).astype(np.float32)
    weight = WEIGHTS if weighted else None
    (ours, our_weights), (theirs, their_weights) = (
        trained(library, library.losses.MeanSquaredError("sum"), None, x, OTHERS, weight)
        for library in (martlet, keras)
    )
    assert ours == pytest.approx(theirs, rel=1e-5)
    for a, b in zip(our_weights, their_weights, strict=True):
        assert a == pytest.approx(b, abs=1e-5)


def test_segmentation_ignores_a_class():
    """Labels of points, some of them beyond the classes."""
    random = np.random.default_rng(4)
    x = random.normal(size=(5, 4, 4, 2)).astype(np.float32)
    y = random.integers(0, 3, (5, 4, 4))
    y[random.uniform(size=y.shape) < 0.3] = 255
    y[0] = 255  # a batch of nothing else must not divide by 0
    results = []
    for library in (martlet, keras):
        model = library.Sequential(
            [library.Input((4, 4, 2)), library.layers.Conv2D(3, 1, activation="softmax")]
        )
        random = np.random.default_rng(3)
        model.set_weights([random.normal(size=each.shape) for each in model.get_weights()])
        loss = library.losses.SparseCategoricalCrossentropy(ignore_class=255)
        iou = library.metrics.MeanIoU(3, name="iou", ignore_class=255, sparse_y_pred=False)
        model.compile(library.optimizers.SGD(0.1), loss, metrics=[iou])
        history = model.fit(x, y, batch_size=1, epochs=2, shuffle=False, verbose=0).history
        results.append([*history["loss"], *history["iou"], *np.ravel(model.get_weights()[0])])
    assert results[0] == pytest.approx(results[1], abs=1e-5)


# ---- Refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: losses.get("hubber"), "unknown loss 'hubber'; did you mean 'huber'"),
        (lambda: losses.MeanSquaredError("men"), "MeanSquaredError: reduction must be one of"),
        (
            lambda: losses.CategoricalCrossentropy()([0, 1], [[0.1, 0.9], [0.5, 0.5]]),
            "loss 'categorical_crossentropy': y_true has shape (2,), expected (2, 2) for "
            "predictions of shape (2, 2)",
        ),
        (
            lambda: losses.SparseCategoricalCrossentropy()([0, 2], [[0.1, 0.9], [0.5, 0.5]]),
            "y_true holds label 2 (index 1), but predictions have 2 values; classes are numbered "
            "0 to 1",
        ),
        (
            lambda: losses.MeanSquaredError()([[1.0]], [[1.0]], [1.0, 2.0]),
            "sample_weight: expected shape (1,), or (1,) for a weight per loss, got (2,)",
        ),
        (
            lambda: losses.CosineSimilarity(axis=3)([[1.0]], [[1.0]]),
            "CosineSimilarity: axis=3 is none of predictions of 2 axes",
        ),
        (
            lambda: losses.Huber(delta=-1)([[1.0]], [[1.0]]),
            "Huber: invalid value for argument 'delta': expected a number of at least 0",
        ),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert message in str(error.value)


def test_what_is_no_loss_is_refused():
    with pytest.raises(NotImplementedError, match="reduction='mean_with_sample_weight'"):
        losses.MeanSquaredError("mean_with_sample_weight")
    with pytest.raises(
        TypeError, match="loss must be a name, a loss of martlet.losses or .*, got int"
    ):
        losses.get(3)


def test_losses_for_compile_are_checked_there():
    model = Sequential([Input((2,)), layers.Dense(3, name="out")])
    with pytest.raises(ValueError, match="reduction='none', but training needs a single number"):
        model.compile("sgd", losses.MeanSquaredError(reduction="none"))
    with pytest.raises(ValueError, match="'axis': expected null for the whole batch"):
        model.compile("sgd", losses.Dice(axis=0))
    with pytest.raises(ValueError, match="'axis': expected -1, the last axis"):
        model.compile("sgd", losses.CategoricalCrossentropy(axis=0))
    model.compile("sgd", losses.CategoricalCrossentropy(axis=1))


def test_descriptions_come_back():
    loss = losses.Huber(delta=0.5, reduction="sum")
    again = losses.Huber.from_config(loss.get_config())
    assert again.get_config() == loss.get_config()
    described = losses.get({"class_name": "Huber", "config": {"delta": 0.5}})
    assert repr(described) == "Huber(delta=0.5)"
    assert losses.Huber().name == "huber_loss"
    for short in ("mse", "MAE", "mape", "MSLE", "bce", "kld"):
        assert losses.get(short).name == keras.losses.get(short).__name__


# ---- "crossentropy" ----------------------------------------------------------------------------

CROSSENTROPIES = {
    "class numbers": ("softmax", 5, LABELS),
    "class numbers with an axis of 1": ("softmax", 5, np.asarray(LABELS).reshape(-1, 1)),
    "one-hot": ("softmax", 5, ONE_HOT),
    "one output": ("sigmoid", 1, np.asarray(LABELS).reshape(-1, 1) % 2),
}


@pytest.mark.parametrize("spelling", ["crossentropy", "CE"])
@pytest.mark.parametrize("name", CROSSENTROPIES)
def test_crossentropy_is_the_one_that_keras_chooses(name, spelling):
    activation, units, y = CROSSENTROPIES[name]
    x = np.random.default_rng(2).normal(size=(len(y), 3)).astype(np.float32)
    (ours, our_weights), (theirs, their_weights) = (
        trained(library, spelling, activation, x, y, None, (units,)) for library in (martlet, keras)
    )
    assert ours == pytest.approx(theirs, rel=1e-5)
    for a, b in zip(our_weights, their_weights, strict=True):
        assert a == pytest.approx(b, abs=1e-5)


def crossentropy_model():
    martlet.utils.set_random_seed(4)
    model = Sequential([Input((3,)), layers.Dense(5, activation="softmax")])
    model.compile("adam", "ce", metrics=["accuracy"])
    return model


def test_crossentropy_is_chosen_by_the_first_data_that_fits():
    model = crossentropy_model()
    x = np.ones((6, 3))
    assert model.metrics_names == ["loss", "accuracy"]
    with pytest.raises(ValueError, match=r"y has shape \(6, 4\), but loss 'categorical_cross"):
        model.evaluate(x, np.eye(6)[:, :4], verbose=0)
    batches = [(x, np.asarray(LABELS))]
    assert len(model.evaluate(iter(batches), verbose=0)) == 2
    with pytest.raises(ValueError, match="y looks one-hot: use loss 'categorical_crossentropy'"):
        model.fit(x, ONE_HOT, verbose=0)


def test_crossentropy_goes_on_from_a_file(tmp_path):
    pytest.importorskip("h5py")
    x = np.random.default_rng(2).normal(size=(6, 3))
    whole, begun = crossentropy_model(), crossentropy_model()
    whole.fit(x, ONE_HOT, epochs=4, shuffle=False, verbose=0)
    begun.fit(x, ONE_HOT, epochs=2, shuffle=False, verbose=0)
    begun.save(tmp_path / "model.keras")
    loaded = martlet.models.load_model(tmp_path / "model.keras")
    loaded.fit(x, ONE_HOT, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(whole.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    theirs = keras.models.load_model(tmp_path / "model.keras")
    ours = loaded.evaluate(x, ONE_HOT, verbose=0)
    theirs.set_weights(loaded.get_weights())
    assert theirs.evaluate(x, ONE_HOT, verbose=0) == pytest.approx(ours, rel=1e-5)


def test_crossentropy_on_arrays_wants_to_be_said():
    with pytest.raises(ValueError, match="^unknown loss 'ce'; "):
        losses.get("ce")
    loss = crossentropy_model().loss
    with pytest.raises(TypeError, match="'crossentropy' is chosen for a model in training; called"):
        loss([0], [[1.0, 0.0]])
