"""Training on data that comes batch by batch."""

from __future__ import annotations

import itertools
import threading
import time

import numpy as np
import pytest

import martlet
from martlet import NonFiniteError
from martlet._batches import Batches, _has_no_end, ahead
from martlet.callbacks import Callback
from martlet.utils import PyDataset


def batches_of(x, y, size=16):
    return [(x[at : at + size], y[at : at + size]) for at in range(0, len(x), size)]


class Numbered(PyDataset):
    """Batches that remember who asked for them."""

    def __init__(self, batches, **arguments):
        super().__init__(**arguments)
        self.batches, self.asked, self.told = batches, [], []

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        self.asked.append(index)
        return self.batches[index]

    def on_epoch_begin(self):
        self.told.append("begin")

    def on_epoch_end(self):
        self.told.append("end")


class Tensor:
    """What a tensor of PyTorch looks like from outside, when it has a gradient."""

    def __init__(self, array):
        self._array, self.shape = array, array.shape

    def __array__(self, *_):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad")

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self._array


class Loader:
    """Gives lists of tensors and knows its length, as PyTorch's loader does."""

    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        for x, y in self.batches:
            yield [Tensor(x), Tensor(y)]


class Unsized:
    """Can be gone through again and again and has no length."""

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


def endless(batches):
    while True:
        yield from batches


# ---- The same as arrays ------------------------------------------------------------------------


def sources(batches):
    return {
        "list": batches,
        "numbered": Numbered(batches),
        "many workers": Numbered(batches, workers=3),
        "loader": Loader(batches),
        "unsized": Unsized(batches),
    }


@pytest.mark.parametrize("name", sources([]))
def test_batches_train_like_arrays(blobs, name):
    x, y = blobs
    x, y = x[:50], y[:50]  # 16, 16, 16 and 2

    def trained(*data, **arguments):
        martlet.utils.set_random_seed(5)
        martlet.backend.clear_session()
        model = martlet.Sequential(
            [
                martlet.Input((2,)),
                martlet.layers.Dense(8, activation="relu"),
                martlet.layers.Dropout(0.1),
                martlet.layers.Dense(3, activation="softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(*data, epochs=3, shuffle=False, verbose=0, **arguments)
        return model, history.history

    model, expected = trained(x, y, batch_size=16, validation_data=(x, y))
    other, found = trained(
        sources(batches_of(x, y))[name], validation_data=sources(batches_of(x, y))[name]
    )
    assert found == expected
    for a, b in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    source = sources(batches_of(x, y))[name]
    assert other.evaluate(source, verbose=0) == model.evaluate(x, y, batch_size=16, verbose=0)
    if name != "list":  # a list is a list of inputs there
        np.testing.assert_array_equal(other.predict(source, verbose=0), model.predict(x, verbose=0))


def test_a_generator_goes_on_from_epoch_to_epoch(blobs, classifier):
    made = []

    def numbered():
        for number in itertools.count():
            made.append(number)
            yield blobs
            if number > 100:
                return

    history = classifier.fit(numbered(), steps_per_epoch=3, epochs=4, verbose=0)
    assert classifier.optimizer.iterations == 12
    assert len(history.epoch) == 4
    assert history.params["steps"] == 3
    # At most what is made ahead within an epoch: nothing beyond the last one.
    assert made == list(range(12))


def test_weights_of_samples_and_classes(blobs, classifier):
    x, y = blobs
    weights = np.linspace(0, 2, len(x))
    expected = classifier.evaluate(x, y, sample_weight=weights, verbose=0)
    assert classifier.evaluate([(x, y, weights)], verbose=0) == expected
    start = classifier.get_weights()
    with_classes = classifier.fit(x, y, batch_size=120, class_weight={0: 3.0}, verbose=0).history
    classifier.set_weights(start)
    found = classifier.fit([(x, y)], class_weight={0: 3.0}, verbose=0).history
    assert found["loss"] == with_classes["loss"]


def test_steps_of_arrays(blobs, classifier):
    x, y = blobs
    classifier.fit(x, y, batch_size=20, steps_per_epoch=4, epochs=3, verbose=0)
    assert classifier.optimizer.iterations == 12
    classifier.fit(x, y, batch_size=20, steps_per_epoch=6, verbose=0)
    assert classifier.optimizer.iterations == 18
    part = classifier.evaluate(x[:40], y[:40], verbose=0)
    assert classifier.evaluate(x, y, batch_size=20, steps=2, verbose=0) == part
    assert classifier.predict(x, batch_size=20, steps=2, verbose=0).shape == (40, 3)
    history = classifier.fit(
        x, y, batch_size=20, validation_data=(x, y), validation_steps=2, verbose=0
    )
    assert history.history["val_loss"] == [classifier.evaluate(x[:40], y[:40], verbose=0)[0]]
    with pytest.raises(ValueError, match="^steps=7 batches of 20 are more than the 120 samples"):
        classifier.predict(x, batch_size=20, steps=7)


def test_an_epoch_longer_than_the_data_begins_again(blobs, classifier):
    data = Numbered(batches_of(*blobs, 40))
    classifier.fit(data, steps_per_epoch=4, epochs=2, shuffle=False, verbose=0)
    assert data.asked == [0, 1, 2, 0, 1, 2, 0, 1]
    assert data.told == ["begin", "end"] * 2
    classifier.fit(Loader(batches_of(*blobs, 40)), steps_per_epoch=4, epochs=2, verbose=0)
    assert classifier.optimizer.iterations == 16


def test_every_validation_looks_at_the_same_batches(blobs, classifier):
    data = Numbered(batches_of(*blobs, 40))
    classifier.fit(*blobs, epochs=3, validation_data=data, validation_steps=2, verbose=0)
    assert data.asked == [0, 1] * 3
    started = []

    class Counted(Unsized):
        def __iter__(self):
            started.append(True)
            return super().__iter__()

    data = Counted(batches_of(*blobs, 40))
    classifier.fit(*blobs, epochs=3, validation_data=data, validation_steps=2, verbose=0)
    assert len(started) == 3


def test_numbered_batches_are_shuffled(blobs, classifier):
    def orders(**arguments):
        data = Numbered(batches_of(*blobs, 8))
        classifier.fit(data, epochs=2, verbose=0, **arguments)
        return data.asked

    assert orders(shuffle=False) == [*range(15)] * 2
    martlet.utils.set_random_seed(3)
    first = orders()
    assert first[:15] != first[15:]
    assert sorted(first[:15]) == sorted(first[15:]) == [*range(15)]
    martlet.utils.set_random_seed(3)
    assert orders() == first


def test_metrics_are_means_over_the_epoch_for_callbacks(blobs, classifier):
    x, y = blobs
    seen = []

    class Watch(Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append((batch, logs["loss"]))
            # Another pass in between must not reset this one.
            self.model.evaluate(x[:10], y[:10], verbose=0)

    history = classifier.fit([(x[:100], y[:100]), (x[100:], y[100:])], callbacks=Watch(), verbose=0)
    assert [batch for batch, _ in seen] == [0, 1]
    assert seen[-1][1] == history.history["loss"][0] != seen[0][1]


def test_stopping_within_an_epoch(blobs, classifier):
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    classifier.fit(endless([blobs]), steps_per_epoch=5, epochs=3, callbacks=Stop(), verbose=0)
    assert classifier.optimizer.iterations == 2


def test_a_generator_may_use_its_arrays_again(blobs, classifier):
    x, y = blobs
    start = classifier.get_weights()

    def one_buffer():
        buffer = np.empty((40, 2), np.float32)
        for at in range(0, 120, 40):
            buffer[:] = x[at : at + 40]
            yield buffer, y[at : at + 40]
            buffer[:] = np.nan

    found = classifier.fit(one_buffer(), verbose=0).history
    classifier.set_weights(start)
    classifier.compile(
        martlet.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    assert classifier.fit(x, y, batch_size=40, shuffle=False, verbose=0).history == found


def test_a_model_without_input_takes_it_from_the_first_batch(blobs):
    model = martlet.Sequential([martlet.layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    made = iter(batches_of(*blobs, 40))
    model.fit(made, verbose=0)
    assert model.input_shape == (None, 2)
    assert model.optimizer.iterations == 3


def test_several_inputs_and_outputs():
    a, b = martlet.Input((2,), name="a"), martlet.Input((3,), name="b")
    both = martlet.layers.Concatenate()([a, b])
    model = martlet.Model(
        [a, b],
        [martlet.layers.Dense(1, name="p")(both), martlet.layers.Dense(2, name="q")(both)],
    )
    model.compile("sgd", "mse")
    x = {"a": np.ones((4, 2)), "b": np.ones((4, 3))}
    y = {"p": np.ones((4, 1)), "q": np.ones((4, 2))}
    as_lists = ([x["a"], x["b"]], [y["p"], y["q"]])
    history = model.fit(iter([(x, y), as_lists]), verbose=0)
    assert model.optimizer.iterations == 2 and np.isfinite(history.history["loss"]).all()
    outputs = model.predict(iter([(x,), (x,)]), verbose=0)
    assert [each.shape for each in outputs] == [(8, 1), (8, 2)]


# ---- Threads ------------------------------------------------------------------------------------


def test_the_next_batch_is_made_while_one_trains():
    main, made_by = threading.get_ident(), []

    def task(number):
        made_by.append(threading.get_ident())
        return number

    tasks = [lambda number=number: task(number) for number in range(5)]
    results = ahead(tasks)
    assert next(results) == 0
    deadline = time.monotonic() + 10
    while len(made_by) < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(made_by) == 2  # one in use, one waiting, and no more
    assert list(results) == [1, 2, 3, 4]
    assert main not in made_by


def test_threads_end_with_the_fit(blobs, classifier):
    classifier.fit(Numbered(batches_of(*blobs, 8), workers=4), verbose=0)

    def failing():
        for number in range(3):
            if number == 2:
                raise KeyError("lost")
            yield blobs

    with pytest.raises(KeyError, match="lost"):
        classifier.fit(failing(), verbose=0)
    assert not [each for each in threading.enumerate() if "martlet-data" in each.name]


def test_ctrl_c_ends_the_threads_and_leaves_the_generator_usable(blobs, classifier):
    class Interrupt(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                raise KeyboardInterrupt

    data = endless([blobs])
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(data, steps_per_epoch=5, callbacks=Interrupt(), verbose=0)
    assert not [each for each in threading.enumerate() if "martlet-data" in each.name]
    assert classifier.optimizer.iterations == 2
    classifier.fit(data, steps_per_epoch=2, verbose=0)
    assert classifier.optimizer.iterations == 4


# ---- Mistakes -----------------------------------------------------------------------------------


def test_generators_that_never_end_are_recognised():
    def one():
        while True:
            yield 1

    def two():
        for number in itertools.count():
            yield number + 1

    def three():
        while True:
            if (yield 1):
                return

    assert _has_no_end(one()) and _has_no_end(itertools.cycle([1]))
    assert not _has_no_end(two()) and not _has_no_end(three()) and not _has_no_end(iter([1]))


def test_endless_data_needs_steps(blobs, classifier):
    with pytest.raises(
        ValueError,
        match="^x is a generator without an end: steps_per_epoch must say how many batches to take",
    ):
        classifier.fit(endless([blobs]))
    with pytest.raises(
        ValueError, match="^validation_data is a cycle without an end: validation_s"
    ):
        classifier.fit(*blobs, validation_data=itertools.cycle([blobs]))
    with pytest.raises(ValueError, match="^x is a generator without an end: steps must"):
        classifier.evaluate(endless([blobs]))
    with pytest.raises(
        ValueError,
        match="^x is a list_iterator, which can be gone through only once, but is wanted 3 times: "
        "give steps_per_epoch, so that each time takes so many batches of it, or use a PyDataset",
    ):
        classifier.fit(iter([blobs] * 3), epochs=3)
    assert classifier.optimizer.iterations == 0


def test_data_that_ends_early(blobs, classifier):
    with pytest.raises(
        ValueError,
        match="^x ended after 5 batches, but steps_per_epoch=3 in each of 2 epochs takes 6; let it "
        "go on for as long as it is asked, or lower steps_per_epoch",
    ):
        classifier.fit(iter([blobs] * 5), steps_per_epoch=3, epochs=2, verbose=0)
    assert classifier.optimizer.iterations == 5
    with pytest.raises(ValueError, match=r"^x \(list_iterator\) gave no batches; it may have been"):
        classifier.fit(iter([]), verbose=0)
    with pytest.raises(ValueError, match="^x ended after 1 batches, but steps=2; let it go on"):
        classifier.evaluate(iter([blobs]), steps=2, verbose=0)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (
            (1, 2, 3, 4),
            r"^x: batch 2: expected \(x, y\) or \(x, y, sample_weight\), got a tuple of 4",
        ),
        ((), "^x: batch 2: expected .* got a tuple of 0"),
        (np.ones((3, 2)), "^batch 2: y is missing"),
        ((np.ones((3, 5)), np.ones(3)), r"^batch 2: x has shape \(3, 5\)"),
        ((np.ones((3, 2)), np.ones(4)), "^batch 2: x has 3 samples but y has 4"),
        ((np.ones((3, 2)), np.array([0, 1, 3])), "^batch 2: y holds label 3"),
        ((np.ones((0, 2)), np.ones(0)), "^batch 2: x is empty"),
        ((np.ones((3, 2)), np.ones(3), np.ones(2)), "^batch 2: x has 3 samples but sample_weight"),
    ],
)
def test_a_wrong_batch_is_named(blobs, classifier, batch, message):
    with pytest.raises(ValueError, match=message):
        classifier.fit(iter([blobs, batch]), verbose=0)
    assert classifier.optimizer.iterations == 1
    with pytest.raises(ValueError, match="^validation_data: batch 2: "):
        classifier.fit(*blobs, validation_data=iter([blobs, batch]), verbose=0)


def test_nan_in_a_batch(blobs, classifier):
    x, y = blobs
    wrong = np.full_like(x, np.nan)
    before = classifier.get_weights()
    with pytest.raises(NonFiniteError, match="^epoch 1: batch 2: x holds NaN"):
        classifier.fit(iter([(x, y), (wrong, y)]), verbose=0)
    classifier.set_weights(before)
    classifier.fit([(x, y), (wrong, y)], on_nan="ignore", verbose=0)
    assert np.isnan(classifier.get_weights()[0]).any()


def test_arguments_that_do_not_go_with_batches(blobs, classifier):
    data = Loader([blobs])
    with pytest.raises(ValueError, match=r"^fit: x gives batches .* so y must not be given"):
        classifier.fit(data, blobs[1])
    with pytest.raises(
        ValueError, match=r"^evaluate: x gives .* so sample_weight must not be given"
    ):
        classifier.evaluate(data, sample_weight=np.ones(3))
    with pytest.raises(TypeError, match="^x: expected an array, got list_iterator"):
        classifier.train_on_batch(iter([blobs]), blobs[1])
    with pytest.raises(ValueError, match="^validation_split needs arrays"):
        classifier.fit(data, validation_split=0.2)
    with pytest.raises(ValueError, match="^steps_per_epoch must be an integer from 1 up, got 0"):
        classifier.fit(data, steps_per_epoch=0)


def test_a_dataset_without_its_methods():
    with pytest.raises(NotImplementedError, match="^PyDataset must define __len__"):
        len(PyDataset())
    with pytest.raises(NotImplementedError, match="^PyDataset must define __getitem__"):
        PyDataset()[0]
    assert martlet.utils.Sequence is PyDataset


def test_a_subclass_need_not_call_our_constructor(blobs, classifier):
    class Plain(PyDataset):
        def __init__(self):
            pass

        def __len__(self):
            return 2

        def __getitem__(self, index):
            return blobs

    classifier.fit(Plain(), verbose=0)
    assert classifier.optimizer.iterations == 2


def test_unknown_length_shows_in_the_progress_line(blobs, classifier, capsys):
    classifier.fit(Unsized([blobs] * 3), epochs=2, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" - ")[0] for line in lines] == ["Epoch 1/2", "3/3", "Epoch 2/2", "3/3"]


def test_the_first_batch_is_not_lost():
    batches = Batches(iter([(1, 2), (3, 4)]))
    assert batches.first() == (1, 2, None)
    assert [*batches.epoch()] == [(1, 2, None), (3, 4, None)]
