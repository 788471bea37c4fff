"""compile, fit, evaluate, predict: values, logs and options."""

from __future__ import annotations

import numpy as np
import pytest

import martlet
from martlet import Input, Model, NonFiniteError, Sequential, callbacks, losses, metrics, optimizers
from martlet.layers import Concatenate, Conv2D, Dense, Dropout, Rescaling
from martlet.utils import to_categorical

# ---- Golden numbers ---------------------------------------------------------------------------

# A whole small training run, measured with Keras 3.15 on TensorFlow: losses and accuracies of three
# epochs, evaluation, moving mean and variance, prediction for the first sample.
GOLDEN = {
    "sgd": (
        lambda: optimizers.SGD(0.1),
        [1.290040, 0.978165, 0.815338],
        [0.0, 0.4, 0.6],
        [0.953492, 0.8],
        [0.009184, 0.015466, 0.916210, 0.917918],
        [0.422498, 0.314689, 0.262813],
    ),
    "adam": (
        lambda: optimizers.Adam(0.01),
        [1.160811, 1.052363, 0.983493],
        [0.2, 0.6, 0.6],
        [1.048907, 0.6],
        [0.011717, 0.019091, 0.916824, 0.918821],
        [0.369032, 0.332030, 0.298938],
    ),
    "rmsprop": (
        lambda: optimizers.RMSprop(0.01),
        [1.216418, 1.041586, 0.961854],
        [0.0, 0.6, 0.6],
        [1.021518, 0.6],
        [0.013997, 0.022752, 0.917550, 0.919777],
        [0.385076, 0.327261, 0.287663],
    ),
}


def golden_model():
    model = Sequential(
        [
            Input((4, 4, 1)),
            Conv2D(2, 3, activation="relu", padding="same"),
            martlet.layers.BatchNormalization(),
            martlet.layers.MaxPooling2D(),
            martlet.layers.Flatten(),
            Dense(3, activation="softmax"),
        ]
    )
    convolution, normalization, _, _, dense = model.layers
    convolution.kernel.assign(np.linspace(-0.5, 0.5, 18).reshape(3, 3, 1, 2))
    dense.kernel.assign(np.linspace(-0.3, 0.3, 24).reshape(8, 3))
    x = ((np.arange(80) % 7) / 7).astype(np.float32).reshape(5, 4, 4, 1)
    return model, normalization, x, np.array([0, 1, 2, 1, 0])


@pytest.mark.parametrize("name", GOLDEN)
def test_a_whole_small_run_gives_the_numbers_of_keras(name):
    optimizer, loss, accuracy, evaluated, moving, predicted = GOLDEN[name]
    model, normalization, x, y = golden_model()
    model.compile(optimizer(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    logs = model.fit(x, y, batch_size=2, epochs=3, shuffle=False, verbose=0).history
    assert logs["loss"] == pytest.approx(loss, abs=5e-6)
    assert logs["accuracy"] == pytest.approx(accuracy, abs=1e-6)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(evaluated, abs=5e-6)
    averages = [normalization.moving_mean.numpy(), normalization.moving_variance.numpy()]
    assert np.concatenate(averages) == pytest.approx(moving, abs=2e-6)
    assert model.predict(x[:1], verbose=0)[0] == pytest.approx(predicted, abs=2e-6)


def test_class_weights_and_a_validation_split_give_the_numbers_of_keras():
    model, _, x, y = golden_model()
    model.compile(optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    logs = model.fit(
        x,
        y,
        batch_size=2,
        shuffle=False,
        verbose=0,
        validation_split=0.4,
        class_weight={0: 2, 1: 1, 2: 0.5},
    ).history
    expected = {"loss": 1.650004, "accuracy": 0.0, "val_loss": 1.112365, "val_accuracy": 0.5}
    assert {key: values[0] for key, values in logs.items()} == pytest.approx(expected, abs=5e-6)


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (lambda: optimizers.SGD(0.1), 0.93999994),
        (lambda: optimizers.SGD(0.1, momentum=0.9), 0.87250000),
        (lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True), 0.82524997),
        (lambda: optimizers.Adam(0.1), 0.81099772),
        (lambda: optimizers.RMSprop(0.1), 0.64111078),
        (lambda: optimizers.RMSprop(0.1, momentum=0.9, centered=True), 0.15996799),
    ],
)
def test_optimizers_give_the_numbers_of_keras(optimizer, expected):
    # With w·x for a prediction and (p - t)² for a loss, the target that gives a gradient g at x = 1
    # is w - g / 2.
    model = Sequential([Input((1,)), Dense(1, use_bias=False)])
    model.set_weights([[[1.0]]])
    model.compile(optimizer(), "mse")
    for gradient in (0.5, -0.2, 0.3):
        w = model.get_weights()[0].astype(np.float64)
        model.train_on_batch(np.ones((1, 1)), w - gradient / 2)
    # Keras's corrections for the first steps of Adam are in single precision.
    assert model.get_weights()[0].item() == pytest.approx(expected, abs=4e-6)


# ---- Losses -----------------------------------------------------------------------------------


def test_losses_compute_at_once():
    sparse = losses.SparseCategoricalCrossentropy()
    assert sparse([1], [[0.2, 0.3, 0.1]]) == pytest.approx(np.log(2), abs=1e-6)
    assert sparse([0], [[0.0, 1.0]]) == pytest.approx(-np.log(1e-7), abs=1e-3)
    smoothed = losses.BinaryCrossentropy(label_smoothing=0.1)
    assert smoothed([[1.0]], [[0.9]]) == pytest.approx(0.2152218, abs=1e-6)
    assert losses.MeanSquaredError()([[0.0], [0.0]], [[1.0], [2.0]], [1, 3]) == pytest.approx(6.5)
    logits = losses.CategoricalCrossentropy(from_logits=True)
    assert logits([[1.0, 0.0]], [[0.0, 0.0]]) == pytest.approx(np.log(2), abs=1e-6)


def test_targets_of_one_axis_are_expanded_not_broadcast():
    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((4, 2)), np.arange(4.0)
    flat, column = (model.evaluate(x, each, verbose=0) for each in (y, y[:, None]))
    assert flat == column


def test_a_saturated_softmax_still_learns():
    model = Sequential([Input((1,)), Dense(2, activation="softmax", use_bias=False)])
    model.set_weights([[[50.0, -50.0]]])
    model.compile(optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    assert model.train_on_batch([[1.0]], [1]) == pytest.approx(100, abs=1e-3)
    assert model.get_weights()[0].ravel().tolist() == [49, -49]


# ---- fit --------------------------------------------------------------------------------------


def test_fit_learns(classifier, blobs):
    history = classifier.fit(*blobs, epochs=30, verbose=0)
    assert isinstance(history, callbacks.History)
    assert classifier.history is history
    assert list(history.history) == ["accuracy", "loss"]
    assert history.epoch == list(range(30))
    assert history.params == {"verbose": 0, "epochs": 30, "steps": 4}
    assert history.history["loss"][-1] < history.history["loss"][0] / 2
    assert all(type(value) is float for value in history.history["loss"])
    assert classifier.evaluate(*blobs, verbose=0)[1] > 0.95


def test_keys_are_sorted_then_those_of_validation(classifier, blobs):
    history = classifier.fit(*blobs, validation_data=blobs, verbose=0)
    assert list(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]


def test_acc_stays_acc(blobs):
    model = Sequential([Input((2,)), Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
    assert list(model.fit(*blobs, verbose=0).history) == ["acc", "loss"]


def test_validation_split_is_the_unshuffled_end(classifier, blobs):
    x, y = blobs
    history = classifier.fit(x, y, validation_split=0.3, verbose=0)
    expected = classifier.evaluate(x[84:], y[84:], verbose=0)
    assert [history.history["val_loss"][0], history.history["val_accuracy"][0]] == expected


def test_validation_frequency(classifier, blobs):
    options = {"validation_data": blobs, "verbose": 0}
    every_other = classifier.fit(*blobs, epochs=5, validation_freq=2, **options)
    assert len(every_other.history["val_loss"]) == 2
    chosen = classifier.fit(*blobs, epochs=5, validation_freq=[1, 5], **options)
    assert len(chosen.history["val_loss"]) == 2


def test_initial_epoch_counts_on(classifier, blobs):
    assert classifier.fit(*blobs, epochs=2, verbose=0).epoch == [0, 1]
    assert classifier.fit(*blobs, initial_epoch=2, epochs=3, verbose=0).epoch == [2]
    assert classifier.optimizer.iterations == 12


def test_the_loss_of_an_epoch_is_the_mean_over_samples(blobs):
    x, y = blobs[0][:5], blobs[1][:5]
    model = Sequential([Input((2,)), Dense(3, activation="softmax")])
    model.compile(optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    whole = model.evaluate(x, y, batch_size=5, verbose=0)
    assert model.fit(x, y, batch_size=2, verbose=0).history["loss"][0] == pytest.approx(whole)


def test_sample_weights_scale_the_loss_but_not_the_metrics(classifier, blobs):
    x, y = blobs
    plain = classifier.evaluate(x, y, verbose=0)
    for weights in (np.full(120, 3.0), np.full((120, 1), 3)):
        weighted = classifier.evaluate(x, y, sample_weight=weights, verbose=0)
        assert weighted == pytest.approx([3 * plain[0], plain[1]])


def test_class_weights_are_sample_weights_by_label(blobs):
    x, y = blobs

    def trained(**options):
        martlet.utils.set_random_seed(1)
        model = Sequential([Input((2,)), Dense(3, activation="softmax")])
        loss = "categorical_crossentropy" if options.pop("one_hot", False) else None
        model.compile("sgd", loss or "sparse_categorical_crossentropy")
        model.fit(x, to_categorical(y) if loss else y, shuffle=False, verbose=0, **options)
        return model.get_weights()[0]

    weights = np.array([2.0, 1.0, 0.5])
    by_class = trained(class_weight={0: 2.0, 2: 0.5})
    assert by_class == pytest.approx(trained(sample_weight=weights[y]), abs=1e-7)
    assert by_class == pytest.approx(trained(class_weight={0: 2.0, 2: 0.5}, one_hot=True), abs=1e-6)


def test_several_outputs(blobs):
    x, y = blobs
    source = Input((2,), name="point")
    hidden = Dense(8, activation="relu")(source)
    model = Model(
        source,
        [Dense(3, activation="softmax", name="kind")(hidden), Dense(1, name="size")(hidden)],
    )
    model.compile(
        "adam",
        loss={"kind": "sparse_categorical_crossentropy", "size": "mse"},
        loss_weights=[1.0, 0.5],
        metrics={"kind": ["accuracy"]},
    )
    assert model.metrics_names == ["loss", "kind_loss", "size_loss", "kind_accuracy"]
    size = x.sum(axis=1)
    logs = model.fit(x, {"size": size, "kind": y}, verbose=0).history
    assert list(logs) == ["kind_accuracy", "kind_loss", "loss", "size_loss"]
    values = model.evaluate(x, [y, size], verbose=0, return_dict=True)
    assert values["loss"] == pytest.approx(values["kind_loss"] + 0.5 * values["size_loss"])
    model.compile("sgd", "mse")
    assert model.metrics_names == ["loss", "kind_loss", "size_loss"]


def test_outputs_in_a_dict_give_their_keys_to_the_logs():
    source = Input((2,))
    model = Model(source, {"b": Dense(1)(source), "a": Dense(2)(source)})
    model.compile("sgd", {"a": "mse", "b": "mse"}, metrics={"b": ["mse"]})
    targets = {"a": np.ones((4, 2)), "b": np.ones((4, 1))}
    logs = model.fit(np.ones((4, 2)), targets, verbose=0).history
    assert list(logs) == ["a_loss", "b_loss", "b_mse", "loss"]
    assert logs["b_mse"] == pytest.approx(logs["b_loss"])


def test_several_inputs(blobs):
    x, y = blobs
    a, b = Input((1,), name="a"), Input((1,), name="b")
    model = Model([a, b], Dense(3, activation="softmax")(Concatenate()([a, b])))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    parts = {"a": x[:, :1], "b": x[:, 1:]}
    model.fit(parts, y, verbose=0, epochs=2)
    assert model.evaluate(parts, y, verbose=0) == model.evaluate([x[:, :1], x[:, 1:]], y, verbose=0)


def test_evaluate_and_its_forms(classifier, blobs):
    values = classifier.evaluate(*blobs, verbose=0)
    assert [type(value) for value in values] == [float, float]
    named = classifier.evaluate(*blobs, verbose=0, return_dict=True)
    assert named == {"accuracy": values[1], "loss": values[0]}
    assert list(named) == ["accuracy", "loss"]
    model = Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "mse")
    assert isinstance(model.evaluate(blobs[0], blobs[1], verbose=0), float)


def test_train_and_test_on_batch(classifier, blobs):
    before = classifier.test_on_batch(*blobs)
    assert classifier.train_on_batch(*blobs) == pytest.approx(before)
    assert classifier.optimizer.iterations == 1
    after = classifier.test_on_batch(*blobs, return_dict=True)
    classifier.reset_metrics()
    assert classifier.test_on_batch(*blobs, return_dict=True) == after
    assert after["loss"] < before[0]
    assert list(after) == ["accuracy", "loss"]


def test_metrics_by_object_and_name(blobs):
    x, y = blobs
    model = Sequential([Input((2,)), Dense(1, activation="sigmoid")])
    model.compile(
        optimizers.SGD(0.1),
        losses.BinaryCrossentropy(),
        metrics=[
            metrics.BinaryAccuracy(name="right"),
            "mse",
            metrics.BinaryAccuracy(threshold=0.0),
        ],
    )
    values = model.evaluate(x, y > 0, verbose=0, return_dict=True)
    assert list(values) == ["binary_accuracy", "loss", "mse", "right"]
    probability = model.predict(x, verbose=0).ravel()
    assert values["right"] == pytest.approx(((probability > 0.5) == (y > 0)).mean())
    assert values["binary_accuracy"] == pytest.approx((y > 0).mean())
    assert values["mse"] == pytest.approx(((probability - (y > 0)) ** 2).mean(), abs=1e-6)


def test_batch_size_none_is_32(classifier, blobs):
    classifier.fit(*blobs, verbose=0)
    assert classifier.optimizer.iterations == 4


# ---- Optimizers in use ------------------------------------------------------------------------


def test_learning_rate_can_be_changed_at_any_time(classifier, blobs):
    assert classifier.optimizer.learning_rate == pytest.approx(0.01)
    classifier.optimizer.learning_rate = 0.0
    before = classifier.get_weights()
    classifier.fit(*blobs, verbose=0)
    assert all((a == b).all() for a, b in zip(before, classifier.get_weights(), strict=True))
    assert classifier.optimizer.learning_rate == 0
    assert repr(classifier.optimizer) == "Adam(learning_rate=0.0)"


def test_compiling_again_forgets_the_state(classifier, blobs):
    classifier.fit(*blobs, verbose=0)
    assert classifier.optimizer.iterations == 4
    classifier.compile("adam", "sparse_categorical_crossentropy")
    assert classifier.optimizer.iterations == 0
    assert classifier.optimizer.learning_rate == pytest.approx(0.001)


def test_an_optimizer_that_is_given_again_goes_on(tmp_path):
    """As in Keras, where the state is the object's: same steps, same numbers."""
    keras = pytest.importorskip("keras")
    x, y = np.random.default_rng(1).normal(size=(2, 12, 3)).astype("float32")
    weights = [np.eye(3, dtype="float32"), np.zeros(3, "float32")]
    trained = []
    for library in (martlet, keras):
        model = library.Sequential([library.Input((3,)), library.layers.Dense(3)])
        model.set_weights(weights)
        for loss in ("mse", "mae", "mse"):
            optimizer = getattr(model, "optimizer", None) or library.optimizers.Adam(0.01)
            model.compile(optimizer=optimizer, loss=loss)
            model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
        assert int(model.optimizer.iterations) == 18
        trained.append(model)
    for ours, theirs in zip(*(model.get_weights() for model in trained), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-6)
    trained[0].save(tmp_path / "kept.safetensors")
    again = martlet.saving.load_model(tmp_path / "kept.safetensors")
    assert again.optimizer.iterations == 18


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: optimizers.SGD(lr=0.1), ValueError, "'lr'; say learning_rate"),
        (lambda: optimizers.SGD(momentum=2), ValueError, "momentum.*2"),
        (lambda: optimizers.Adam("fast"), TypeError, "must be a number or a schedule, got 'fast'"),
        (lambda: optimizers.get("adamm"), ValueError, "'adamm'; did you mean 'adam'"),
        (lambda: optimizers.get(3), TypeError, "a name or an optimizer"),
    ],
)
def test_wrong_optimizers(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


# ---- Callbacks --------------------------------------------------------------------------------


def test_callbacks_hear_everything_in_order(classifier, blobs):
    heard = []

    class Listener(callbacks.Callback):
        def on_train_begin(self, logs=None):
            heard.append(("begin", self.params["steps"], self.model is classifier))

        def on_epoch_begin(self, epoch, logs=None):
            heard.append(("epoch", epoch))

        def on_train_batch_end(self, batch, logs=None):
            heard.append((batch, sorted(logs)))

        def on_epoch_end(self, epoch, logs=None):
            logs["extra"] = 1.0
            heard.append(("end", epoch, sorted(logs)))

        def on_train_end(self, logs=None):
            heard.append(("done",))

    history = classifier.fit(*blobs, batch_size=60, verbose=0, callbacks=[Listener()])
    assert heard == [
        ("begin", 2, True),
        ("epoch", 0),
        (0, ["accuracy", "loss"]),
        (1, ["accuracy", "loss"]),
        ("end", 0, ["accuracy", "extra", "loss"]),
        ("done",),
    ]
    assert history.history["extra"] == [1.0]


def test_a_callback_may_stop_the_training(classifier, blobs):
    def stop(epoch, logs):
        classifier.stop_training = epoch == 1

    history = classifier.fit(
        *blobs, epochs=9, verbose=0, callbacks=callbacks.LambdaCallback(on_epoch_end=stop)
    )
    assert history.epoch == [0, 1]
    assert classifier.fit(*blobs, epochs=2, verbose=0).epoch == [0, 1]


def test_a_callback_may_stop_within_an_epoch(classifier, blobs):
    def stop(batch, logs):
        classifier.stop_training = batch == 1

    listener = callbacks.LambdaCallback(on_train_batch_end=stop)
    history = classifier.fit(*blobs, epochs=9, batch_size=10, verbose=0, callbacks=[listener])
    assert history.epoch == [0]
    assert classifier.optimizer.iterations == 2


def test_what_a_callback_raises_comes_through(classifier, blobs):
    def fail(batch, logs):
        raise RuntimeError("from the callback")

    listener = callbacks.LambdaCallback(on_train_batch_end=fail)
    with pytest.raises(RuntimeError, match="from the callback"):
        classifier.fit(*blobs, verbose=0, callbacks=[listener])
    assert classifier.optimizer.iterations == 1
    classifier.fit(*blobs, verbose=0)


# ---- A loss that turns NaN ---------------------------------------------------------------------


def exploding():
    """Finite data whose loss is finite at first and then not."""
    model = Sequential([Input((1,)), Dense(1, use_bias=False)])
    model.set_weights([[[1.0]]])
    model.compile(optimizers.SGD(1e18), "mse")
    return model, np.ones((64, 1), np.float32), np.zeros((64, 1), np.float32)


def test_a_bad_loss_stops_before_it_changes_a_weight():
    model, x, y = exploding()
    with pytest.raises(NonFiniteError, match=r"epoch 1: .*batch"):
        model.fit(x, y, batch_size=8, verbose=0)
    assert np.isfinite(model.get_weights()[0]).all()
    assert issubclass(NonFiniteError, ValueError)


def test_a_bad_loss_may_take_the_weights_back():
    model, x, y = exploding()
    with pytest.raises(NonFiniteError):
        model.fit(x, y, batch_size=8, verbose=0, on_nan="restore")
    assert model.get_weights()[0].item() == 1.0
    assert model.optimizer.iterations == 0


def test_a_bad_loss_may_be_ignored():
    model, x, y = exploding()
    history = model.fit(x, y, batch_size=8, verbose=0, on_nan="ignore")
    assert not np.isfinite(history.history["loss"][0])
    with pytest.raises(ValueError, match="on_nan must be one of"):
        model.fit(x, y, verbose=0, on_nan="panic")


# ---- Shuffling ---------------------------------------------------------------------------------


def test_shuffling_is_what_the_seed_says(blobs):
    def losses_of(seed, shuffle):
        martlet.utils.set_random_seed(1)
        model = Sequential([Input((2,)), Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        martlet.utils.set_random_seed(seed)
        return model.fit(*blobs, epochs=2, shuffle=shuffle, verbose=0).history["loss"]

    assert losses_of(1, True) == losses_of(1, True)
    assert losses_of(1, True) != losses_of(2, True)
    assert losses_of(1, False) == losses_of(2, False)


def test_dropout_only_in_training():
    model = Sequential([Input((4,)), Dropout(0.5)])
    x = np.ones((50, 4))
    assert model.predict(x, verbose=0).tolist() == x.tolist()
    assert model(x).tolist() == x.tolist()
    assert set(model(x, training=True).ravel().tolist()) == {0.0, 2.0}


def test_rescaling_in_the_model_trains_on_bytes():
    model = Sequential([Input((4, 4, 1)), Rescaling(1 / 255), martlet.layers.Flatten(), Dense(1)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 1), dtype=np.uint8)
    model.fit(x, x.mean(axis=(1, 2, 3)) / 255, verbose=0, epochs=3)
