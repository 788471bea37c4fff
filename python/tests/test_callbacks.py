"""Callbacks: what they are told, what they decide, what they write."""

from __future__ import annotations

import csv
import itertools
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import martlet
from martlet import callbacks
from martlet.callbacks import (
    BackupAndRestore,
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TensorBoard,
    TerminateOnNaN,
)


def fit(model, blobs, given=None, epochs=3, **options):
    options = {"validation_split": 0.25, "batch_size": 30, "verbose": 0, **options}
    return model.fit(*blobs, epochs=epochs, callbacks=given, **options)


class Recorder(Callback):
    """Writes down every hook."""

    def __init__(self):
        super().__init__()
        self.heard = []

    def __getattribute__(self, name):
        if not name.startswith("on_"):
            return super().__getattribute__(name)
        return lambda *arguments: self.heard.append((name, *arguments[:-1]))


HOOK_OF = {"fit": "train", "evaluate": "test", "predict": "predict"}

# ---- Hooks ------------------------------------------------------------------------------------


class TestHooks:
    def test_of_fit(self, classifier, blobs):
        recorder = Recorder()
        fit(classifier, blobs, [recorder], epochs=1, batch_size=60)
        assert recorder.heard == [
            ("on_train_begin",),
            ("on_epoch_begin", 0),
            ("on_train_batch_begin", 0),
            ("on_train_batch_end", 0),
            ("on_train_batch_begin", 1),
            ("on_train_batch_end", 1),
            ("on_test_begin",),
            ("on_test_batch_begin", 0),
            ("on_test_batch_end", 0),
            ("on_test_end",),
            ("on_epoch_end", 0),
            ("on_train_end",),
        ]

    def test_of_evaluate_and_predict(self, classifier, blobs):
        for verb, hook in (("evaluate", "test"), ("predict", "predict")):
            recorder = Recorder()
            data = blobs if verb == "evaluate" else blobs[:1]
            getattr(classifier, verb)(*data, batch_size=60, verbose=0, callbacks=recorder)
            assert recorder.model is classifier
            assert recorder.params == {"epochs": 1, "verbose": 0, "steps": 2}
            assert recorder.heard == [
                (f"on_{hook}_begin",),
                (f"on_{hook}_batch_begin", 0),
                (f"on_{hook}_batch_end", 0),
                (f"on_{hook}_batch_begin", 1),
                (f"on_{hook}_batch_end", 1),
                (f"on_{hook}_end",),
            ]

    @pytest.mark.parametrize("verb", ["fit", "evaluate", "predict"])
    @pytest.mark.parametrize("knows_length", [False, True])
    def test_of_batches(self, verb, knows_length, classifier, blobs):
        x, y = blobs
        parts = [(x[start : start + 50], y[start : start + 50]) for start in (0, 50, 100)]
        data = martlet.utils.Dataset(lambda: iter(parts), 3 if knows_length else None)
        recorder = Recorder()
        getattr(classifier, verb)(data, verbose=0, callbacks=recorder)
        assert recorder.params["steps"] == (3 if knows_length else None)
        # None is told of that does not come, where Keras tells of a fourth.
        assert [each for each in recorder.heard if "batch" in each[0]] == [
            (f"on_{HOOK_OF[verb]}_batch_{when}", index)
            for index in range(3)
            for when in ("begin", "end")
        ]

    def test_predictions_are_told_of(self, classifier, blobs):
        x = blobs[0][:70]
        expected = classifier.predict(x, verbose=0)
        parts = [x[:32], x[32:64], x[64:]]
        for data in (x, iter(parts)):
            outputs = []
            listener = LambdaCallback(
                on_predict_batch_end=lambda _, logs, outputs=outputs: outputs.append(
                    logs["outputs"].copy()
                )
            )
            found = classifier.predict(data, verbose=0, callbacks=listener)
            np.testing.assert_array_equal(found, expected)
            assert [len(each) for each in outputs] == [32, 32, 6]
            np.testing.assert_array_equal(np.concatenate(outputs), expected)

    def test_predictions_have_the_structure_of_the_outputs(self):
        x = martlet.Input((2,))
        model = martlet.Model(x, {"a": martlet.layers.Dense(1)(x), "b": martlet.layers.Dense(3)(x)})
        shapes = []

        def remember(_, logs):
            shapes.append({name: each.shape for name, each in logs["outputs"].items()})

        listener = LambdaCallback(on_predict_batch_end=remember)
        for data in (np.ones((3, 2)), iter([np.ones((2, 2)), np.ones((1, 2))])):
            model.predict(data, batch_size=2, verbose=0, callbacks=listener)
        assert shapes == [{"a": (2, 1), "b": (2, 3)}, {"a": (1, 1), "b": (1, 3)}] * 2

    def test_what_a_callback_raises_ends_a_prediction(self, classifier, blobs):
        def fail(*_arguments):
            raise RuntimeError("enough")

        for data in (blobs[0], iter([blobs[0]])):
            with pytest.raises(RuntimeError, match="^enough$"):
                classifier.predict(
                    data, verbose=0, callbacks=LambdaCallback(on_predict_batch_end=fail)
                )

    def test_the_same_numbers_whoever_listens(self, classifier, blobs):
        quiet = classifier.evaluate(*blobs, verbose=0)
        logs = []
        listener = LambdaCallback(on_test_end=logs.append)
        assert classifier.evaluate(*blobs, verbose=0, callbacks=[listener]) == quiet
        assert list(logs[0].values()) == [quiet[1], quiet[0]]

    @pytest.mark.filterwarnings("ignore")
    def test_in_the_order_of_keras(self, classifier, blobs):
        keras = pytest.importorskip("keras")

        class Theirs(keras.callbacks.Callback):
            def __init__(self):
                super().__init__()
                self.heard = []

        for name in callbacks._callback.HOOKS:

            def hook(self, *arguments, name=name, **options):
                self.heard.append((name, *(each for each in arguments if type(each) is int)))

            if name not in ("on_batch_begin", "on_batch_end"):
                setattr(Theirs, name, hook)
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        ours, theirs = Recorder(), Theirs()
        fit(classifier, blobs, [ours], epochs=2)
        fit(model, blobs, [theirs], epochs=2)
        assert ours.heard == theirs.heard

    @pytest.mark.parametrize(
        "hook", [hook for hook in callbacks._callback.HOOKS if "predict" not in hook]
    )
    def test_each_may_stop_the_training(self, hook, classifier, blobs):
        def stop(*_arguments):
            classifier.stop_training = True

        history = fit(classifier, blobs, LambdaCallback(**{hook: stop}), epochs=5)
        assert len(history.epoch) == (5 if hook == "on_train_end" else 1)
        if hook not in ("on_epoch_end", "on_train_end") and "test" not in hook:
            assert classifier.optimizer.iterations == 1
        assert "val_loss" in history.history

    @pytest.mark.parametrize("hook", callbacks._callback.HOOKS)
    def test_what_each_raises_comes_through(self, hook, classifier, blobs):
        def fail(*_arguments):
            raise OSError("the disk has gone")

        listener = LambdaCallback(**{hook: fail})
        with pytest.raises(OSError, match="the disk has gone"):
            fit(classifier, blobs, listener)
            classifier.predict(blobs[0], verbose=0, callbacks=[listener])

    def test_batch_hooks_by_their_old_names(self, classifier, blobs):
        class Old(Callback):
            count = 0

            def on_batch_end(self, batch, logs=None):
                self.count += 1

        old = Old()
        fit(classifier, blobs, [old], epochs=1)
        assert old.count == 3

    def test_the_list(self):
        heard = []
        both = CallbackList(
            [LambdaCallback(on_epoch_end=lambda epoch, logs: heard.append(epoch)), None],
            add_history=True,
            epochs=3,
        )
        both.on_epoch_end(4, {"loss": 1.0})
        assert heard == [4]
        assert both.callbacks[-1].history == {"loss": [1.0]}
        assert both.callbacks[0].params == {"epochs": 3}

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: CallbackList([Callback]), r"say Callback\(\)"),
            (lambda: CallbackList("loss"), "must be martlet.callbacks.Callback objects"),
            (lambda: LambdaCallback(on_epoch_end=3), "on_epoch_end must be a function, got 3"),
            (lambda: LambdaCallback(on_epoch_over=print), "did you mean 'on_epoch_"),
        ],
    )
    def test_mistakes(self, make, message):
        with pytest.raises((TypeError, ValueError), match=message):
            make()


# ---- Names that will not be -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: EarlyStopping("val_acc"),
            "EarlyStopping: monitor='val_acc' will not be in the logs; did you mean 'val_",
        ),
        (
            lambda: ReduceLROnPlateau("lr", mode="min"),
            "they will have 'accuracy', 'loss', 'val_accuracy', 'val_loss', 'learning_rate'",
        ),
        (
            lambda: ModelCheckpoint("x.keras", "val_acc", save_best_only=True),
            "ModelCheckpoint: monitor='val_acc'",
        ),
        (
            lambda: ModelCheckpoint("{epoch}-{val_acc:.2f}.keras"),
            "a name in filepath='val_acc' will not be in the logs",
        ),
        (lambda: ModelCheckpoint("{batch}.keras"), "a name in filepath='batch'"),
        (
            lambda: ModelCheckpoint("x.keras", save_best_only=True, save_freq=2),
            "there is no validation_data",
        ),
    ],
)
def test_names_that_will_not_be_are_found_before_training(make, message, classifier, blobs):
    with pytest.raises(ValueError, match=message):
        fit(classifier, blobs, [make()])
    assert classifier.optimizer.iterations == 0


def test_a_validation_that_is_missing(classifier, blobs):
    with pytest.raises(ValueError, match="there is no validation_data and no validation_split"):
        fit(classifier, blobs, [EarlyStopping()], validation_split=0)


def test_a_callback_of_the_user_may_add_names(classifier, blobs):
    class Adds(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["own"] = float(epoch)

    stopping = EarlyStopping("own", mode="min")
    assert fit(classifier, blobs, [Adds(), stopping]).epoch == [0, 1]
    adding = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(own=1.0))
    assert fit(classifier, blobs, [adding, EarlyStopping("own", mode="max")]).epoch == [0, 1]


def test_the_rate_may_be_watched_behind_what_reports_it(classifier, blobs):
    scheduler = LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
    stopping = EarlyStopping("learning_rate", mode="max")
    assert fit(classifier, blobs, [scheduler, stopping]).epoch == [0, 1]
    with pytest.raises(ValueError, match="monitor='learning_rate' will not be"):
        fit(classifier, blobs, [stopping, scheduler])


def test_directions_are_known(classifier, blobs):
    for name, direction in {"val_loss": -1, "loss": -1, "accuracy": 1, "val_accuracy": 1}.items():
        stopping = EarlyStopping(name)
        fit(classifier, blobs, [stopping], epochs=1)
        assert stopping._direction == direction
    with pytest.raises(ValueError, match="say mode='max' or mode='min'"):
        fit(
            classifier,
            blobs,
            [LearningRateScheduler(lambda epoch: 0.1), EarlyStopping("learning_rate")],
        )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EarlyStopping(mode="least"), "mode must be 'auto', 'min' or 'max', got 'least'"),
        (lambda: EarlyStopping(monitor=3), "monitor must be a key of the logs, got 3"),
        (lambda: EarlyStopping(min_delta="x"), "min_delta must be a number, got 'x'"),
        (lambda: ReduceLROnPlateau(factor=1.0), "factor must be below 1, got 1.0"),
        (lambda: ReduceLROnPlateau(epsilon=1), "'epsilon'; say min_delta"),
        (lambda: ModelCheckpoint("x.h6"), "filepath must end in .keras, got 'x.h6'"),
        (
            lambda: ModelCheckpoint("x.weights.h5"),
            "must end in .keras.*say save_weights_only=True",
        ),
        (
            lambda: ModelCheckpoint("x.keras", save_weights_only=True),
            "must end in .weights.h5, got 'x.keras'",
        ),
        (lambda: ModelCheckpoint("x.keras", save_freq=0), "save_freq must be 'epoch' or a number"),
        (lambda: ModelCheckpoint("{epoch.keras"), "filepath='{epoch.keras': "),
        (lambda: BackupAndRestore(""), "backup_dir is empty"),
        (lambda: LearningRateScheduler(0.1), "schedule must be a function, got 0.1"),
        (lambda: CSVLogger("x.csv", separator=";;"), "separator must be one character"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


# ---- Decisions, side by side with Keras --------------------------------------------------------


class FakeModel:
    """What callbacks ask of a model."""

    def __init__(self):
        self.stop_training = False
        self.optimizer = SimpleNamespace(learning_rate=0.1)
        self.weights = 0
        self.saved = []

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights

    def save(self, path, overwrite=True):
        self.saved.append(path)

    save_weights = save


def told(callback, values, monitor):
    """Tells a callback of epochs with these values until it stops; returns what it did."""
    model = FakeModel()
    callback.set_model(model)
    if isinstance(callback, Callback):
        callback._check([monitor, "loss"], True)
    callback.on_train_begin({})
    trail = []
    for epoch, value in enumerate(values):
        callback.on_epoch_begin(epoch, {})
        model.weights = epoch + 1
        logs = {} if value is None else {monitor: value, "loss": 1.0}
        if "{" in getattr(callback, "filepath", "") and value is None:
            continue
        callback.on_epoch_end(epoch, logs)
        rate = float(model.optimizer.learning_rate)
        best = getattr(callback, "best", None)
        trail.append((epoch, round(rate, 9), getattr(callback, "wait", 0), repr(best)))
        if model.stop_training:
            break
    callback.on_train_end({})
    return trail, model.weights, model.saved


def sequences():
    """Values that fall, stay, rise and are missing."""
    for seed in range(12):
        random = np.random.default_rng(seed)
        values = np.round(1 / (1 + np.arange(14)) + random.normal(0, 0.2, 14), 2).tolist()
        if seed % 3 == 1:
            values[seed % 5] = float("nan")
        if seed % 4 == 2:
            values[3] = None
        yield values
    yield [1.0] * 8
    yield [1.0, 0.9999, 0.9998, 0.5, 0.49995, 0.4999]


def choices(**options):
    for chosen in itertools.product(*options.values()):
        yield dict(zip(options, chosen, strict=True))


DECISIONS = {
    "EarlyStopping": choices(
        patience=[0, 1, 3],
        min_delta=[0, 0.1],
        mode=["min", "max"],
        baseline=[None, 0.4],
        restore_best_weights=[False, True],
        start_from_epoch=[0, 2],
    ),
    "ReduceLROnPlateau": choices(
        patience=[1, 2],
        factor=[0.5, 0.1],
        mode=["min", "max"],
        min_delta=[1e-4, 0.1],
        cooldown=[0, 2],
        min_lr=[0, 0.02],
    ),
    "ModelCheckpoint": choices(
        filepath=["best.keras", "{epoch:02d}-{val_loss:.3f}.keras"],
        save_best_only=[False, True],
        mode=["min", "max"],
        initial_value_threshold=[None, 0.4],
    ),
}


@pytest.mark.filterwarnings("ignore")  # of the peer
@pytest.mark.parametrize("name", DECISIONS)
def test_decisions(name, monkeypatch):
    keras = pytest.importorskip("keras")
    count = 0
    for options in list(DECISIONS[name]):
        for values in sequences():
            ours = (
                told(getattr(callbacks, name)("val_loss", **options), values, "val_loss")
                if (name != "ModelCheckpoint")
                else told(ModelCheckpoint(**options), values, "val_loss")
            )
            theirs = told(
                getattr(keras.callbacks, name)(monitor="val_loss", **options), values, "val_loss"
            )
            assert ours == theirs, (options, values)
            count += 1
    assert count > 100


# ---- In a training ------------------------------------------------------------------------------


class TestEarlyStopping:
    def test_restores_the_best_weights(self, classifier, blobs, capsys):
        kept = []
        keep = LambdaCallback(on_epoch_end=lambda *_: kept.append(classifier.get_weights()))
        stopping = EarlyStopping(
            "val_loss", patience=1, mode="max", restore_best_weights=True, verbose=1
        )
        history = fit(classifier, blobs, [keep, stopping], epochs=5)
        assert history.epoch == [0, 1]
        for ours, best in zip(classifier.get_weights(), kept[0], strict=True):
            assert ours.tobytes() == best.tobytes()
        assert capsys.readouterr().out == (
            "Epoch 2: stopped early, val_loss was best in epoch 1\n"
            "Weights are restored to those of the best epoch, 1\n"
        )


class TestRates:
    def test_a_schedule(self, classifier, blobs, capsys):
        schedule = LearningRateScheduler(lambda epoch, rate: rate * 0.5, verbose=1)
        history = fit(classifier, blobs, [schedule])
        assert history.history["learning_rate"] == [0.005, 0.0025, 0.00125]
        assert capsys.readouterr().out.splitlines()[0] == "Epoch 1: the learning rate is 0.005"
        assert list(history.history)[-1] == "learning_rate"

    def test_a_schedule_that_gives_no_float(self, classifier, blobs):
        with pytest.raises(ValueError, match="schedule must give a float, got 1 in epoch 1"):
            fit(classifier, blobs, [LearningRateScheduler(lambda epoch: 1)])

    def test_an_error_within_a_schedule_is_its_own(self, classifier, blobs):
        def schedule(epoch, rate):
            return "a" + epoch

        with pytest.raises(TypeError, match="can only concatenate"):
            fit(classifier, blobs, [LearningRateScheduler(schedule)])

    def test_a_plateau(self, classifier, blobs, capsys):
        plateau = ReduceLROnPlateau("val_loss", factor=0.5, patience=1, mode="max", verbose=1)
        history = fit(classifier, blobs, [plateau])
        assert history.history["learning_rate"] == [0.01, 0.01, 0.005]
        assert capsys.readouterr().out.splitlines()[0] == (
            "Epoch 2: val_loss has not become better for 1 epochs, the learning rate is now 0.005"
        )


class TestModelCheckpoint:
    def test_names_with_values(self, classifier, blobs, tmp_path):
        pattern = tmp_path / "sub" / "w.{epoch:03d}-{val_loss:.4f}.weights.h5"
        history = fit(classifier, blobs, [ModelCheckpoint(pattern, save_weights_only=True)])
        assert sorted(os.listdir(tmp_path / "sub")) == [
            f"w.{epoch + 1:03d}-{loss:.4f}.weights.h5"
            for epoch, loss in enumerate(history.history["val_loss"])
        ]

    def test_the_best_can_be_loaded(self, classifier, blobs, tmp_path, capsys):
        path = tmp_path / "best.keras"
        checkpoint = ModelCheckpoint(path, "val_loss", save_best_only=True, verbose=1)
        losses = fit(classifier, blobs, [checkpoint]).history["val_loss"]
        model = martlet.models.load_model(path)
        loss, _ = model.evaluate(blobs[0][90:], blobs[1][90:], batch_size=30, verbose=0)
        assert loss == min(losses) == checkpoint.best
        assert capsys.readouterr().out.splitlines()[1] == (
            f"Epoch 2: val_loss improved from {losses[0]:.5f} to {losses[1]:.5f}, saved to {path}"
        )

    def test_every_few_batches(self, classifier, blobs, tmp_path):
        pattern = tmp_path / "{epoch}-{batch}.weights.h5"
        fit(classifier, blobs, [ModelCheckpoint(pattern, save_weights_only=True, save_freq=2)])
        assert sorted(os.listdir(tmp_path)) == [
            "1-2.weights.h5",
            "2-1.weights.h5",
            "2-3.weights.h5",
            "3-2.weights.h5",
        ]


class TestTerminateOnNaN:
    def test_stops_or_raises(self, blobs, capsys):
        model = martlet.Sequential([martlet.Input((2,)), martlet.layers.Dense(1)])
        model.compile(martlet.optimizers.SGD(1e30), "mse")
        history = fit(model, blobs, [TerminateOnNaN()], on_nan="ignore")
        assert len(history.epoch) == 1
        assert "the loss became inf; the training ends" in capsys.readouterr().out
        with pytest.raises(RuntimeError, match="the training ends"):
            fit(model, blobs, [TerminateOnNaN(raise_error=True)], on_nan="ignore")


class TestCSVLogger:
    def test_rows(self, classifier, blobs, tmp_path):
        path = tmp_path / "log.csv"
        first = fit(classifier, blobs, [CSVLogger(path)], epochs=2).history["loss"]
        second = fit(classifier, blobs, [CSVLogger(path, append=True)], epochs=1)
        with open(path, newline="") as file:
            rows = list(csv.reader(file))
        assert rows[0] == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
        assert [row[0] for row in rows[1:]] == ["0", "1", "0"]
        assert [float(row[2]) for row in rows[1:]] == [*first, *second.history["loss"]]
        fit(classifier, blobs, [CSVLogger(path, separator=";")], epochs=1)
        assert path.read_text().splitlines()[0] == "epoch;accuracy;loss;val_accuracy;val_loss"

    def test_epochs_without_validation(self, classifier, blobs, tmp_path):
        path = tmp_path / "log.csv"
        fit(classifier, blobs, [CSVLogger(path)], epochs=2, validation_freq=2)
        rows = [line.split(",") for line in path.read_text().splitlines()]
        assert rows[0] == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
        assert rows[1][3:] == ["NA", "NA"]
        assert "NA" not in rows[2]

    @pytest.mark.filterwarnings("ignore")
    def test_the_file_of_keras(self, tmp_path):
        keras = pytest.importorskip("keras")
        files = []
        for library in (martlet, keras):
            logger = library.callbacks.CSVLogger(str(tmp_path / library.__name__))
            logger.on_train_begin({})
            logger.on_epoch_end(0, {"loss": 0.5, "accuracy": 0.25})
            logger.on_epoch_end(1, {"loss": 0.5, "val_loss": 0.125, "accuracy": 1.0})
            logger.on_train_end({})
            files.append((tmp_path / library.__name__).read_text())
        assert files[0] == files[1]


class TestTensorBoard:
    def test_scalars(self, classifier, blobs, tmp_path):
        pytest.importorskip("tensorboardX")
        history = fit(classifier, blobs, [TensorBoard(tmp_path, update_freq=2)], epochs=2)
        assert sorted(os.listdir(tmp_path)) == ["train", "validation"]
        values = dict(scalars(tmp_path / "validation"))
        assert values["epoch_loss", 1] == pytest.approx(history.history["val_loss"][1], rel=1e-6)
        assert ("batch_loss", 4) in dict(scalars(tmp_path / "train"))

    def test_the_package_is_asked_for_when_it_is_missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "tensorboardX", None)
        with pytest.raises(ImportError, match=r'pip install "martlet\[tensorboard\]"'):
            TensorBoard()


def scalars(folder):
    """Names, steps and values of an event file."""
    from tensorboardX.proto.event_pb2 import Event

    [name] = os.listdir(folder)
    content = (folder / name).read_bytes()
    while content:
        # Length and its check, the record and its check.
        length = int.from_bytes(content[:8], "little")
        event = Event.FromString(content[12 : 12 + length])
        content = content[16 + length :]
        for value in event.summary.value:
            yield (value.tag, event.step), value.simple_value


# ---- Interruptions ------------------------------------------------------------------------------


class TestBackupAndRestore:
    def model(self):
        model = martlet.Sequential(
            [
                martlet.Input((2,)),
                martlet.layers.Dense(8, activation="relu"),
                martlet.layers.Dropout(0.5),
                martlet.layers.Dense(3, activation="softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, OSError])
    @pytest.mark.parametrize("hook", ["on_epoch_end", "on_train_batch_end"])
    def test_goes_on_bit_by_bit(self, kind, hook, blobs, tmp_path, capsys):
        whole = self.model()
        start = whole.get_weights()
        martlet.utils.set_random_seed(3)
        expected = fit(whole, blobs, epochs=5).history["loss"]

        def interrupt(index, logs):
            if len(model.history.epoch) == 2:
                raise kind

        martlet.utils.set_random_seed(3)
        model = self.model()
        model.set_weights(start)
        seed = martlet._native.layer_seed(whole.layers[1]._handle)
        martlet._native.layer_set_seed(model.layers[1]._handle, seed)
        martlet.utils.set_random_seed(3)
        backup = BackupAndRestore(tmp_path / "backup")
        with pytest.raises(kind):
            fit(model, blobs, [backup, LambdaCallback(**{hook: interrupt})], epochs=5)
        assert (tmp_path / "backup" / "training_metadata.json").exists()

        again = self.model()  # as another process would make it
        restore = BackupAndRestore(tmp_path / "backup")
        history = fit(again, blobs, [restore], epochs=5, verbose=2)
        done = history.epoch[0]
        assert done == (3 if hook == "on_epoch_end" else 2)
        assert history.history["loss"] == expected[done:]
        for ours, theirs in zip(again.get_weights(), whole.get_weights(), strict=True):
            assert ours.tobytes() == theirs.tobytes()
        assert not (tmp_path / "backup").exists()
        assert f"goes on after epoch {done}" in capsys.readouterr().out

    def test_keeps_one_backup_and_files_of_others(self, blobs, tmp_path):
        (tmp_path / "mine.txt").touch()
        model = self.model()
        fit(model, blobs, [BackupAndRestore(tmp_path, delete_checkpoint=False)])
        assert sorted(os.listdir(tmp_path)) == [
            "epoch-3-batch-0.weights.h5",
            "mine.txt",
            "training_metadata.json",
        ]
        history = fit(model, blobs, [BackupAndRestore(tmp_path)])
        assert history.epoch == []
        assert os.listdir(tmp_path) == ["mine.txt"]

    def test_a_backup_of_another_model(self, classifier, blobs, tmp_path):
        fit(self.model(), blobs, [BackupAndRestore(tmp_path, delete_checkpoint=False)], epochs=1)
        before = classifier.get_weights()
        classifier.pop()
        classifier.add(martlet.layers.Dense(4, activation="softmax"))
        with pytest.raises(ValueError, match="holds the weights of another model"):
            fit(classifier, blobs, [BackupAndRestore(tmp_path)])
        assert np.array_equal(classifier.get_weights()[0], before[0])

    def test_a_damaged_backup(self, blobs, tmp_path):
        (tmp_path / "training_metadata.json").write_text("{")
        with pytest.raises(OSError, match="is damaged; remove the folder to begin anew"):
            fit(self.model(), blobs, [BackupAndRestore(tmp_path)])

    def test_a_process_that_is_killed(self, tmp_path):
        code = """
import os, sys
import numpy as np, martlet
from martlet.callbacks import BackupAndRestore, LambdaCallback
how, folder = sys.argv[1:]
if how != "again":
    martlet.utils.set_random_seed(4)
model = martlet.Sequential([martlet.Input((2,)), martlet.layers.Dense(8, activation="relu"),
                            martlet.layers.Dropout(0.4), martlet.layers.Dense(1)])
model.compile("adam", "mse")
def die(epoch, logs):
    if epoch == 2 and how == "die":
        os._exit(9)
data = np.random.default_rng(0).normal(size=(64, 3))
listeners = [LambdaCallback(on_epoch_end=die)]
if how != "whole":
    listeners.append(BackupAndRestore(folder))
model.fit(data[:, :2], data[:, 2], epochs=5, verbose=0, batch_size=16, callbacks=listeners)
print(model.history.epoch)
print([weight.tolist() for weight in model.get_weights()])
"""

        def run(how):
            command = [sys.executable, "-c", code, how, str(tmp_path / "backup")]
            return subprocess.run(command, capture_output=True, text=True)

        whole, died, again = run("whole"), run("die"), run("again")
        assert (whole.returncode, died.returncode, again.returncode) == (0, 9, 0), again.stderr
        assert whole.stdout.splitlines()[0] == "[0, 1, 2, 3, 4]"
        assert again.stdout.splitlines()[0] == "[2, 3, 4]"
        assert whole.stdout.splitlines()[1] == again.stdout.splitlines()[1]
