"""Losses and metrics of one's own, side by side with Keras's."""

from __future__ import annotations

import os

import numpy as np
import pytest

import martlet
from martlet import Input, Model, Sequential, layers, losses, metrics, ops

keras = pytest.importorskip("keras")

SAMPLES, BATCH = 40, 16


@pytest.fixture
def numbers():
    return np.random.default_rng(7)


def segmenter(lib):
    return lib.Sequential(
        [
            lib.Input((6, 5, 2)),
            lib.layers.Conv2D(4, 3, activation="relu", padding="same"),
            lib.layers.Conv2D(3, 1, activation="sigmoid"),
        ]
    )


def classifier(lib):
    return lib.Sequential(
        [lib.Input((6,)), lib.layers.Dense(8, "tanh"), lib.layers.Dense(4, "softmax")]
    )


def regressor(lib, outputs=1):
    return lib.Sequential([lib.Input((6,)), lib.layers.Dense(8, "tanh"), lib.layers.Dense(outputs)])


def compare(make_model, make_loss, x, y, *, rate=0.1, make_metrics=None, **fit):
    """Trains in both, with the batches in order, and compares logs and weights."""
    before, histories, models = None, [], []
    for lib in (martlet, keras):
        model = make_model(lib)
        before = model.get_weights() if before is None else before
        model.set_weights(before)
        given = make_metrics(lib) if make_metrics else []
        model.compile(lib.optimizers.SGD(rate), make_loss(lib), metrics=given)
        target = y.astype(np.float32) if lib is keras and y.dtype.kind != "i" else y
        log = model.fit(x, target, batch_size=BATCH, epochs=3, shuffle=False, verbose=0, **fit)
        histories.append({**log.history, **_evaluated(model, x, target)})
        models.append(model)
    ours, theirs = histories
    assert set(ours) == set(theirs)
    for key, value in theirs.items():
        # Some hundred float32 additions in another order.
        np.testing.assert_allclose(ours[key], value, rtol=2e-5, atol=1e-6, err_msg=key)
    for mine, their in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(mine, their, rtol=1e-4, atol=2e-6)
    return models[0]


def _evaluated(model, x, y):
    values = model.evaluate(x, y, batch_size=BATCH, verbose=0, return_dict=True)
    return {f"evaluated {key}": value for key, value in values.items()}


# ---- Losses ----------------------------------------------------------------------------------


def dice(lib):
    def dice_loss(y_true, y_pred):
        common = lib.ops.sum(y_true * y_pred)
        return 1 - (2 * common + 1) / (lib.ops.sum(y_true) + lib.ops.sum(y_pred) + 1)

    return dice_loss


def dice_of_classes(lib):
    def dice_loss(y_true, y_pred):
        axes = (0, 1, 2)
        common = lib.ops.sum(y_true * y_pred, axis=axes)
        whole = lib.ops.sum(y_true, axis=axes) + lib.ops.sum(y_pred, axis=axes)
        return 1 - lib.ops.mean(2 * common / (whole + 1e-6))

    return dice_loss


def dice_and_crossentropy(lib):
    crossentropy, overlap = lib.losses.BinaryCrossentropy(), dice(lib)
    return lambda y_true, y_pred: crossentropy(y_true, y_pred) + 0.5 * overlap(y_true, y_pred)


def built_in_overlaps(lib):
    def loss(y_true, y_pred):
        tversky = lib.losses.tversky(y_true, y_pred, alpha=0.3, beta=0.6)
        return lib.losses.dice(y_true, y_pred) + tversky

    return loss


def spread_of_batch(lib):
    def loss(y_true, y_pred):
        mean = lib.ops.mean(y_pred, axis=0, keepdims=True)
        spread = lib.ops.mean(lib.ops.square(y_pred - mean))
        error = lib.ops.square(y_true - y_pred)
        return lib.ops.mean(error) + 0.1 * lib.ops.max(y_pred) - 0.2 * lib.ops.sqrt(spread)

    return loss


def edges(lib):
    sobel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], np.float32)
    kernel = np.tile(sobel[:, :, None, None], (1, 1, 3, 1))

    def loss(y_true, y_pred):
        lines = [lib.ops.depthwise_conv(each, kernel, padding="same") for each in (y_true, y_pred)]
        smooth = lib.ops.average_pool(lib.ops.pad(y_pred, ((0, 0), (1, 1), (1, 1), (0, 0))), 3, 1)
        rough = lib.ops.mean(lib.ops.square(y_pred - smooth))
        return lib.ops.mean(lib.ops.abs(lines[0] - lines[1])) + rough

    return loss


def crossentropies(lib):
    def loss(y_true, y_pred):
        whole = lib.ops.sum(y_pred, axis=-1, keepdims=True) + 1e-3
        each = lib.ops.mean(lib.ops.binary_crossentropy(y_true, y_pred), axis=-1)
        label = lib.ops.argmax(y_true, axis=-1)
        return (
            each
            + lib.ops.categorical_crossentropy(y_true, y_pred / whole)
            + lib.ops.sparse_categorical_crossentropy(label, 4 * y_pred, from_logits=True)
        )

    return loss


def focal(lib):
    def focal_loss(y_true, y_pred):
        p = lib.ops.clip(y_pred, 1e-4, 1 - 1e-4)
        own = lib.ops.where(lib.ops.equal(y_true, 1.0), p, 1 - p)
        return -lib.ops.mean((1 - own) ** 2 * lib.ops.log(own), axis=-1)

    return focal_loss


def penalised(lib):
    def loss(y_true, y_pred):
        size = lib.ops.mean(lib.ops.abs(y_pred), axis=-1)
        return lib.losses.mean_squared_error(y_true, y_pred) + 0.1 * size

    return loss


@pytest.mark.parametrize(
    ("make", "weighted"),
    [
        (dice, True),
        (dice_of_classes, True),
        (dice_and_crossentropy, True),
        (built_in_overlaps, True),
        (spread_of_batch, True),
        (edges, True),
        (focal, False),
        (crossentropies, False),
        (penalised, False),
    ],
)
def test_masks(make, weighted, numbers):
    x = numbers.random((SAMPLES, 6, 5, 2), np.float32)
    y = numbers.random((SAMPLES, 6, 5, 3)) > 0.6
    weights = {"sample_weight": numbers.random(SAMPLES, np.float32)} if weighted else {}
    compare(segmenter, make, x, y, **weights)


def pinball(lib):
    """One target, three predictions."""

    def loss(y_true, y_pred):
        error = y_true - y_pred
        shares = np.array([0.1, 0.5, 0.9], np.float32)
        return lib.ops.mean(lib.ops.maximum(shares * error, (shares - 1) * error), axis=-1)

    return loss


def contrastive(lib):
    """Targets of two columns: a value, and what it counts."""

    def loss(y_true, y_pred):
        value, factor = y_true[:, 0], y_true[:, 1]
        return factor * lib.ops.square(value - y_pred[:, 0])

    return loss


def gaussian(lib):
    """Mean and logarithm of the deviation from one network."""

    def loss(y_true, y_pred):
        mean, log_deviation = y_pred[:, :1], y_pred[:, 1:]
        return log_deviation + 0.5 * lib.ops.square((y_true - mean) * lib.ops.exp(-log_deviation))

    return loss


def bent(lib):
    """As it stands in a book on the subject."""

    def huber(y_true, y_pred):
        error = y_true - y_pred
        squared, linear = lib.ops.square(error) / 2, lib.ops.abs(error) - 0.5
        return lib.ops.where(lib.ops.abs(error) < 1, squared, linear)

    return huber


@pytest.mark.parametrize(
    ("make", "outputs", "columns"),
    [
        (pinball, 3, (1,)),
        (contrastive, 1, (2,)),
        (gaussian, 2, (1,)),
        (bent, 1, (1,)),
        (bent, 1, ()),
    ],
)
def test_targets_of_another_shape(make, outputs, columns, numbers):
    x = numbers.normal(size=(SAMPLES, 6)).astype(np.float32)
    y = numbers.normal(size=(SAMPLES, *columns)).astype(np.float32)
    weights = numbers.random(SAMPLES, np.float32)
    compare(lambda lib: regressor(lib, outputs), make, x, y, sample_weight=weights)


def soft_labels(lib):
    def loss(y_true, y_pred):
        hot = lib.ops.one_hot(lib.ops.cast(y_true, "int32") if lib is keras else y_true, 4)
        return lib.losses.categorical_crossentropy(0.9 * hot + 0.025, y_pred)

    return loss


def sparse(lib):
    def loss(y_true, y_pred):
        return 0.5 * lib.losses.sparse_categorical_crossentropy(y_true, y_pred)

    return loss


@pytest.mark.parametrize("make", [soft_labels, sparse])
def test_class_numbers(make, numbers):
    x = numbers.normal(size=(SAMPLES, 6)).astype(np.float32)
    y = numbers.integers(0, 4, SAMPLES)
    metrics = lambda lib: ["accuracy"]  # noqa: E731
    compare(classifier, make, x, y, make_metrics=metrics, class_weight={0: 2.0, 3: 0.5})


def subclass(lib, reduction):
    class Power(lib.losses.Loss):
        def __init__(self, exponent=2, **kwargs):
            super().__init__(**kwargs)
            self.exponent = exponent

        def call(self, y_true, y_pred):
            return lib.ops.abs(y_true - y_pred) ** self.exponent

        def get_config(self):
            return {**super().get_config(), "exponent": self.exponent}

    return Power(3, reduction=reduction)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum"])
def test_subclass(reduction, numbers):
    x = numbers.normal(size=(SAMPLES, 6)).astype(np.float32)
    y = numbers.normal(size=(SAMPLES, 2)).astype(np.float32)
    make = lambda lib: subclass(lib, reduction)  # noqa: E731
    compare(lambda lib: regressor(lib, 2), make, x, y, rate=0.001)


def test_subclass_of_a_built_in_loss(numbers):
    def make(lib):
        class Twice(lib.losses.MeanSquaredError):
            def call(self, y_true, y_pred):
                return 2 * super().call(y_true, y_pred)

        return Twice()

    x = numbers.normal(size=(SAMPLES, 6)).astype(np.float32)
    compare(regressor, make, x, x[:, :1])


def test_several_outputs(numbers):
    def make(lib):
        x = lib.Input((6,))
        inner = lib.layers.Dense(5, "tanh")(x)
        return lib.Model(
            x, [lib.layers.Dense(1, name="a")(inner), lib.layers.Dense(2, name="b")(inner)]
        )

    x = numbers.normal(size=(SAMPLES, 6)).astype(np.float32)
    y = {"a": x[:, :1], "b": x[:, 1:3]}
    weights, logs = None, []
    for lib in (martlet, keras):
        model = make(lib)
        weights = model.get_weights() if weights is None else weights
        model.set_weights(weights)
        model.compile(
            lib.optimizers.SGD(0.1),
            {"a": bent(lib), "b": "mse"},
            loss_weights={"a": 0.3, "b": 2.0},
            metrics={"a": [distance(lib)], "b": ["mae"]},
        )
        logs.append(model.fit(x, y, batch_size=BATCH, epochs=2, shuffle=False, verbose=0).history)
    assert set(logs[0]) == set(logs[1])
    for key, values in logs[1].items():
        np.testing.assert_allclose(logs[0][key], values, rtol=2e-5, err_msg=key)


def test_features_of_another_network(numbers):
    features = Sequential([Input((2,)), layers.Dense(3, "relu", name="features")])
    model = regressor(martlet, 2)
    model.compile("sgd", lambda y, p: ops.square(features(y) - features(p)))
    x = numbers.normal(size=(8, 6)).astype(np.float32)
    with pytest.raises(ValueError, match="uses the layer 'features'.*trainable = False on it"):
        model.fit(x, x[:, :2], verbose=0)
    features.trainable = False
    before = features.get_weights()
    history = model.fit(x, x[:, :2], epochs=20, verbose=0).history["loss"]
    assert history[-1] < history[0]
    np.testing.assert_array_equal(features.get_weights()[0], before[0])


def test_step_by_step(numbers):
    """`train_on_batch`, `test_on_batch` and data that comes batch by batch, as `fit` on arrays."""
    x = numbers.random((32, 6, 5, 2), np.float32)
    y = numbers.random((32, 6, 5, 3)) > 0.6
    whole, by_hand, batches = (segmenter(martlet) for _ in range(3))
    for model in (whole, by_hand, batches):
        model.set_weights(whole.get_weights())
        model.compile("adam", dice(martlet), metrics=[distance(martlet)])
    history = whole.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0).history
    first = by_hand.test_on_batch(x[:BATCH], y[:BATCH])
    assert first == by_hand.train_on_batch(x[:BATCH], y[:BATCH])
    second = by_hand.train_on_batch(x[BATCH:], y[BATCH:])
    np.testing.assert_allclose(history["loss"], (first[0] + second[0]) / 2, rtol=1e-6)
    parts = [(x[:BATCH], y[:BATCH]), (x[BATCH:], y[BATCH:])]
    assert batches.fit(parts, verbose=0).history == history
    for model in (by_hand, batches):
        for mine, other in zip(whole.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, other)


def test_another_shape_of_targets_keeps_the_optimizer(numbers):
    x = numbers.normal(size=(16, 6)).astype(np.float32)
    model, other = regressor(martlet), regressor(martlet)
    other.set_weights(model.get_weights())
    for each in (model, other):
        each.compile("adam", lambda y, p: ops.mean(ops.square(y - p), axis=-1))
        each.fit(x, x[:, :1], epochs=2, shuffle=False, verbose=0)
    model.evaluate(x, x[:, :3], verbose=0)
    for each in (model, other):
        each.fit(x, x[:, :1], epochs=2, shuffle=False, verbose=0)
    assert model.optimizer.iterations == 4
    np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])


def test_the_same_bits_on_any_number_of_threads(numbers):
    x = numbers.random((64, 6, 5, 2), np.float32)
    y = numbers.random((64, 6, 5, 3)) > 0.6
    found = []
    start = segmenter(martlet).get_weights()
    before = martlet.config.num_threads()
    try:
        for count in (1, 2, 3, 5):
            martlet.config.set_num_threads(count)
            model = segmenter(martlet)
            model.set_weights(start)
            model.compile("adam", dice_and_crossentropy(martlet), metrics=[distance(martlet)])
            history = model.fit(x, y, epochs=2, shuffle=False, verbose=0).history
            found.append((history, [each.tobytes() for each in model.get_weights()]))
    finally:
        martlet.config.set_num_threads(before)
    assert all(each == found[0] for each in found)


def test_losses_on_arrays():
    true, pred = np.array([[1.0], [2.0]]), np.array([[0.0], [4.0]])
    loss = subclass(martlet, "sum_over_batch_size")
    assert loss(true, pred) == 4.5 and loss.name == "power"
    assert loss(true, pred, sample_weight=[1.0, 0.0]) == 0.5
    assert subclass(martlet, "none")(true, pred).tolist() == [[1.0], [8.0]]
    assert subclass(martlet, "sum")(np.array([[1]]), np.array([[3]])) == 8.0
    assert loss.get_config() == {
        "name": "power",
        "reduction": "sum_over_batch_size",
        "exponent": 3,
    }
    assert repr(loss) == "Power(name='power', reduction='sum_over_batch_size', exponent=3)"
    assert losses.get(dice(martlet)).name == "dice_loss"
    assert losses.get(dice(martlet))(np.ones((2, 3)), np.ones((2, 3))) == 0.0


# ---- Losses in NumPy -------------------------------------------------------------------------


def quartic(y_true, y_pred):
    error = y_pred - y_true
    return np.mean(error**4, axis=1), 4 * error**3 / error.shape[1]


def test_a_loss_in_numpy_is_that_of_operations(numbers):
    x = numbers.normal(size=(SAMPLES, 6)).astype(np.float32)
    y, weights = x[:, :2] ** 2, numbers.random(SAMPLES, np.float32)
    start, found = regressor(martlet, 2).get_weights(), []
    for loss in (
        losses.NumpyLoss(quartic),
        lambda true, pred: ops.mean((pred - true) ** 4, axis=-1),
    ):
        model = regressor(martlet, 2)
        model.set_weights(start)
        model.compile(martlet.optimizers.SGD(0.01), loss)
        fit = {"batch_size": BATCH, "epochs": 3, "shuffle": False, "verbose": 0}
        log = model.fit(x, y, sample_weight=weights, **fit).history["loss"]
        found.append((log, model.evaluate(x, y, verbose=0), model.get_weights()))
    (log, value, trained), (other_log, other_value, other) = found
    np.testing.assert_allclose(log, other_log, rtol=1e-5)
    np.testing.assert_allclose(value, other_value, rtol=1e-5)
    for mine, theirs in zip(trained, other, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def test_losses_in_numpy_by_hand_and_in_files(tmp_path):
    loss = losses.NumpyLoss(quartic)
    true, pred = np.zeros((2, 2)), np.array([[1.0, 1.0], [2.0, 0.0]])
    assert loss(true, pred) == 4.5 and loss.name == "quartic"
    assert loss(true, pred, sample_weight=[1.0, 0.0]) == 0.5
    model = regressor(martlet, 2)
    model.compile("sgd", loss)
    x = np.ones((4, 6), np.float32)
    model.fit(x, x[:, :2], verbose=0)
    model.save(tmp_path / "m.keras")
    again = martlet.models.load_model(tmp_path / "m.keras", {"quartic": quartic})
    assert again.evaluate(x, x[:, :2], verbose=0) == model.evaluate(x, x[:, :2], verbose=0)


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda t, p: p, TypeError, "returned ndarray, expected a tuple of the values and their"),
        (
            lambda t, p: (p, p),
            ValueError,
            r"expected a value for each sample, \(4,\), got .*\(4, 2",
        ),
        (lambda t, p: (p[:, 0], p[0]), ValueError, r"gradients in the shape of y_pred, \(4, 2\)"),
        (lambda t, p: 1 / 0, ZeroDivisionError, "division by zero"),
    ],
)
@pytest.mark.parametrize("on_nan", ["stop", "ignore"])
def test_mistakes_in_numpy(function, error, message, on_nan):
    model = regressor(martlet, 2)
    model.compile("sgd", losses.NumpyLoss(function, "mine"))
    x = np.ones((4, 6), np.float32)
    with pytest.raises(error, match=message):
        model.fit(x, x[:, :2], verbose=0, on_nan=on_nan)
    with pytest.raises(error, match=message):
        model.evaluate(x, x[:, :2], verbose=0)
    # Nothing is left of it for the next call.
    model.compile("sgd", "mse")
    model.evaluate(x, x[:, :2], verbose=0)
    with pytest.raises(TypeError, match="NumpyLoss: expected a function, got 3"):
        losses.NumpyLoss(3)


# ---- Metrics ---------------------------------------------------------------------------------


def distance(lib):
    def distance(y_true, y_pred):
        return lib.ops.mean(lib.ops.abs(y_true - y_pred), axis=-1)

    return distance


def hits(lib):
    def hits(y_true, y_pred):
        found = lib.ops.argmax(y_pred, axis=-1)
        expected = lib.ops.argmax(y_true, axis=-1)
        return lib.ops.cast(lib.ops.equal(expected, found), "float32")

    return hits


def greatest(lib):
    def greatest(y_true, y_pred):
        return lib.ops.max(y_pred)

    return greatest


def test_functions_as_metrics(numbers):
    x = numbers.normal(size=(SAMPLES, 6)).astype(np.float32)
    y = np.eye(4, dtype=np.float32)[numbers.integers(0, 4, SAMPLES)]
    make = lambda lib: [distance(lib), "accuracy", hits(lib), greatest(lib)]  # noqa: E731
    loss = lambda lib: "categorical_crossentropy"  # noqa: E731
    model = compare(classifier, loss, x, y, make_metrics=make, sample_weight=x[:, 0] ** 2)
    assert model.metrics_names == ["loss", "distance", "accuracy", "hits", "greatest"]


def share(lib):
    class Share(lib.metrics.Metric):
        def __init__(self, name="share", **kwargs):
            super().__init__(name=name, **kwargs)
            self.hits = self.add_weight(shape=(), initializer="zeros", name="hits")
            self.count = self.add_variable(shape=(), initializer="zeros", name="count")

        def update_state(self, y_true, y_pred, sample_weight=None):
            found = lib.ops.cast(lib.ops.abs(y_true - y_pred) < 0.5, "float32")
            weight = 1.0 if sample_weight is None else lib.ops.reshape(sample_weight, (-1, 1))
            self.hits.assign_add(lib.ops.sum(found * weight))
            self.count.assign_add(lib.ops.sum(weight * lib.ops.ones_like(found)))

        def result(self):
            return self.hits / self.count

    return Share


@pytest.mark.parametrize("shuffle", [False, True])
def test_metrics_that_python_counts(shuffle, numbers):
    x = numbers.normal(size=(SAMPLES, 6)).astype(np.float32)
    y, weights = x[:, :1] ** 2, numbers.random(SAMPLES, np.float32)
    before, logs, trained = None, [], []
    for lib in (martlet, keras):
        model = regressor(lib)
        before = model.get_weights() if before is None else before
        model.set_weights(before)
        model.compile(
            lib.optimizers.SGD(0.05),
            "mse",
            metrics=["mae", share(lib)()],
            weighted_metrics=[share(lib)(name="weighed")],
        )
        # In one batch the order does not matter.
        log = model.fit(
            x,
            y,
            sample_weight=weights,
            batch_size=SAMPLES if shuffle else BATCH,
            epochs=3,
            shuffle=shuffle,
            verbose=0,
            validation_data=(x[:7], y[:7]),
        )
        logs.append({**log.history, **_evaluated(model, x, y)})
        trained.append(model.get_weights())
    assert list(logs[0]) == sorted(logs[0], key=list(logs[0]).index)
    assert set(logs[0]) == set(logs[1])
    for key, values in logs[1].items():
        np.testing.assert_allclose(logs[0][key], values, rtol=2e-5, atol=1e-6, err_msg=key)
    # They change nothing of the training.
    model = regressor(martlet)
    model.set_weights(before)
    model.compile(martlet.optimizers.SGD(0.05), "mse")
    size = SAMPLES if shuffle else BATCH
    model.fit(x, y, sample_weight=weights, batch_size=size, epochs=3, shuffle=False, verbose=0)
    if not shuffle:
        for mine, other in zip(model.get_weights(), trained[0], strict=True):
            np.testing.assert_array_equal(mine, other)


def test_shuffled_batches_come_with_their_targets():
    """Predictions are told apart by what they are, so a wrong order would show."""
    seen = []

    class Pairs(metrics.Metric):
        def update_state(self, y_true, y_pred, sample_weight=None):
            seen.append((y_true, y_pred))

        def result(self):
            return 0.0

    x = np.arange(50, dtype=np.float32)[:, None]
    model = Sequential([Input((1,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(martlet.optimizers.SGD(0.0), "mse", metrics=[Pairs()])
    model.fit(x, x, batch_size=8, verbose=0)
    true = np.concatenate([each for each, _ in seen])
    np.testing.assert_array_equal(true, np.concatenate([each for _, each in seen]))
    assert sorted(true[:, 0]) == list(range(50)) and true[0, 0] + true[1, 0] != 1
    assert [len(each) for each, _ in seen] == [8] * 6 + [2]


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype")  # of Keras's own
def test_subclass_of_a_built_in_metric(numbers):
    def make(lib):
        class Union(lib.metrics.MeanIoU):
            def update_state(self, y_true, y_pred, sample_weight=None):
                found = lib.ops.cast(lib.ops.argmax(y_pred, axis=-1), "float32")
                return super().update_state(y_true, found, sample_weight)

        return [Union(num_classes=4, name="union")]

    x = numbers.normal(size=(SAMPLES, 6)).astype(np.float32)
    y = numbers.integers(0, 4, SAMPLES).astype(np.int32)
    loss = lambda lib: "sparse_categorical_crossentropy"  # noqa: E731
    compare(classifier, loss, x, y, make_metrics=make)


def test_metrics_by_hand():
    metric = share(martlet)()
    assert metric.name == "share" and [each.name for each in metric.variables] == ["hits", "count"]
    metric.update_state(np.zeros((2, 1)), np.array([[0.1], [0.9]]))
    assert float(metric.result()) == 0.5
    metric.reset_state()
    assert float(metric.count) == 0.0 and repr(metric.count) == "<State count, shape=()>"
    mean = metrics.MeanMetricWrapper(distance(martlet))
    mean.update_state(np.zeros((2, 1)), np.array([[1.0], [3.0]]), sample_weight=[1.0, 0.0])
    assert mean.result() == 1.0 and mean.name == "distance"
    mean.reset_state()
    assert mean.result() == 0.0
    with pytest.raises(ValueError, match=r"'hits': expected shape \(\), received \(2,\)"):
        metric.hits.assign([1, 2])
    with pytest.raises(NotImplementedError, match="define update_state"):
        metrics.Metric().update_state(0, 0)
    with pytest.raises(NotImplementedError, match="initializer='he_normal' of a variable"):
        metrics.Metric().add_weight(initializer="he_normal")


def test_an_error_in_a_metric_comes_out():
    class Broken(metrics.Metric):
        def update_state(self, y_true, y_pred, sample_weight=None):
            raise RuntimeError("broken")

        def result(self):
            return 0.0

    model = regressor(martlet)
    model.compile("sgd", "mse", metrics=[Broken()])
    x = np.zeros((4, 6), np.float32)
    for call in (model.fit, model.train_on_batch, model.test_on_batch):
        with pytest.raises(RuntimeError, match="broken"):
            call(x, x[:, :1])
    model.compile("sgd", "mse", weighted_metrics=[share(martlet)()])
    with pytest.raises(ValueError, match="class_weight beside metrics of your own"):
        model.fit(x, x[:, :1], class_weight={0: 2.0}, verbose=0)


# ---- Files -----------------------------------------------------------------------------------


def test_files(tmp_path, numbers):
    x = numbers.normal(size=(SAMPLES, 6)).astype(np.float32)
    Share = share(martlet)
    loss, metric = subclass(martlet, "sum"), distance(martlet)
    model = regressor(martlet)
    model.compile("adam", loss, metrics=[metric, Share(name="mine")])
    model.fit(x, x[:, :1], verbose=0)
    path = os.fspath(tmp_path / "model.keras")
    model.save(path)
    with pytest.raises(ValueError, match=r"'Power'.*custom_objects=\{'Power': ...\}"):
        martlet.models.load_model(path)
    custom = {"Power": type(loss), "distance": metric, "Share": Share}
    again = martlet.models.load_model(path, custom_objects=custom)
    assert again.loss.exponent == 3 and again.loss.reduction == "sum"
    for each in (model, again):
        each.fit(x, x[:, :1], shuffle=False, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], again.get_weights()[0])
    assert model.evaluate(x, x[:, :1], verbose=0) == again.evaluate(x, x[:, :1], verbose=0)
    # A function, and what is registered.
    model.compile("adam", bent(martlet))
    model.save(path)
    with pytest.raises(ValueError, match="function 'huber' is not known; give it in custom_obj"):
        martlet.models.load_model(path)
    assert martlet.models.load_model(path, {"huber": bent(martlet)}).compiled
    registered = martlet.saving.register_keras_serializable("course")(type(loss))
    model.compile("adam", registered(4))
    model.save(path)
    assert martlet.models.load_model(path).loss.exponent == 4


@pytest.mark.parametrize("whole", [False, True])
def test_files_of_keras_and_for_it(whole, tmp_path, numbers):
    """What `compile` was given goes there and back."""
    x = numbers.normal(size=(SAMPLES, 6)).astype(np.float32)
    path = os.fspath(tmp_path / "model.keras")

    def parts(lib):
        loss = bent(lib) if whole else subclass(lib, "sum_over_batch_size")
        return {"loss": loss, "metrics": [distance(lib), share(lib)(name="mine")]}

    def custom(lib):
        given = parts(lib)
        named = {"huber" if whole else "Power": given["loss"] if whole else type(given["loss"])}
        return {**named, "distance": given["metrics"][0], "Share": share(lib)}

    for first, second in ((keras, martlet), (martlet, keras)):
        model = regressor(first)
        model.compile(first.optimizers.SGD(0.05), **parts(first))
        model.fit(x, x[:, :1], verbose=0)
        model.save(path)
        again = second.models.load_model(path, custom_objects=custom(second))
        values = [each.evaluate(x, x[:, :1], verbose=0) for each in (model, again)]
        np.testing.assert_allclose(*values, rtol=2e-5)


# ---- Mistakes --------------------------------------------------------------------------------


def of_arrays(y_true, y_pred):
    return np.zeros(3)


def of_nothing(y_true, y_pred):
    ops.square(y_true - y_pred)


def branching(y_true, y_pred):
    return y_pred if y_pred > 0 else y_true


def with_numpy(y_true, y_pred):
    return np.square(y_true - y_pred)


def with_mean_of_numpy(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)


def flattening(y_true, y_pred):
    return ops.sum(ops.reshape(y_true, (-1,)) * ops.ravel(y_pred))


def turned(y_true, y_pred):
    return losses.mean_squared_error(y_pred, y_true)


def samples_alone(y_true, y_pred):
    return y_pred[0]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (of_arrays, "loss 'of_arrays': call returned ndarray, expected symbols: .* martlet.ops"),
        (of_nothing, "loss 'of_nothing': call returned None: does it lack a 'return'"),
        (branching, "cannot depend on numbers by 'if'; see ops.where"),
        (with_numpy, "has no values, so NumPy's square cannot take it; use martlet.ops"),
        (with_mean_of_numpy, "use martlet.ops in place of NumPy's functions"),
        (flattening, r"ops.reshape: .* keeps its axis of samples.*ops.sum\(x\)"),
        (turned, "y_true of a loss within it follows from the predictions"),
        (samples_alone, "the first axis of a symbol is that of the samples"),
    ],
)
def test_mistakes(function, message):
    model = regressor(martlet, 3)
    model.compile("sgd", function)
    before = model.get_weights()
    with pytest.raises((TypeError, ValueError, IndexError), match=message):
        model.fit(np.zeros((4, 6)), np.zeros((4, 3)), verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_other_mistakes():
    model = regressor(martlet)
    x = np.zeros((4, 6), np.float32)

    class Silent(losses.Loss):
        pass

    model.compile("sgd", Silent())
    with pytest.raises(NotImplementedError, match="Silent does not say what it is: define call"):
        model.fit(x, x[:, :1], verbose=0)
    with pytest.raises(ValueError, match="loss 'power' has reduction='none'"):
        model.compile("sgd", subclass(martlet, "none"))

    class Whole(losses.Loss):
        def call(self, y_true, y_pred):
            return ops.mean(y_pred)

    model.compile("sgd", Whole(reduction="sum"))
    with pytest.raises(ValueError, match="gives one value for the whole batch"):
        model.fit(x, x[:, :1], verbose=0)
    with pytest.raises(ValueError, match="reduction must be one of"):
        Whole(reduction="all")
    with pytest.raises(TypeError, match="loss must be a name, a loss .* or a function"):
        losses.get(3)
    with pytest.raises(TypeError, match="metrics must be names, .* or functions"):
        metrics.get(3)
    with pytest.raises(TypeError, match="symbols are compared within a loss or metric"):
        losses.mse(Input((3,)), Input((3,)))
    model = regressor(martlet, 3)
    model.compile("sgd", lambda y, p: p, metrics=["accuracy"])
    with pytest.raises(ValueError, match="'accuracy' cannot compare predictions of shape"):
        model.fit(x, x[:, :2], verbose=0)


def test_a_model_made_of_one_with_such_a_loss_is_freed():
    import gc
    import weakref

    model = Model(x := Input((6,)), layers.Dense(1)(x))
    model.compile("sgd", dice(martlet), metrics=[distance(martlet), share(martlet)()])
    model.fit(np.zeros((4, 6)), np.zeros((4, 1)), verbose=0)
    known = weakref.ref(model)
    del model, x
    gc.collect()
    assert known() is None
