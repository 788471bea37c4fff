"""Data sets made two."""

from __future__ import annotations

import numpy as np
import pytest

import martlet
from martlet.utils import Dataset, PyDataset, split_dataset

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)


def values(data):
    return [each.tolist() for each in data]


def test_arrays_become_samples():
    left, right = split_dataset(X, left_size=3)
    assert (len(left), len(right)) == (3, 7)
    np.testing.assert_array_equal(list(left), X[:3])
    np.testing.assert_array_equal(list(right), X[3:])
    np.testing.assert_array_equal(list(left), X[:3])  # a second time


@pytest.mark.parametrize("kind", [list, tuple])
def test_arrays_side_by_side_become_tuples(kind):
    left, right = split_dataset(kind([X, Y]), right_size=0.25)
    for part, rows in ((left, slice(0, 8)), (right, slice(8, None))):
        samples = list(part)
        assert all(isinstance(each, tuple) for each in samples)
        np.testing.assert_array_equal([x for x, _ in samples], X[rows])
        np.testing.assert_array_equal([y for _, y in samples], Y[rows])
    assert [type(each) for each in split_dataset([X], 5)[0]] == [tuple] * 5


def test_both_sizes_may_leave_some_out():
    left, right = split_dataset(Y, left_size=0.2, right_size=3)
    assert values(left) == [0, 1]
    assert values(right) == [7, 8, 9]


def test_samples_and_batches_of_data_sets():
    samples = Dataset(lambda: iter(Y), 10, class_names=["a", "b"])
    left, right = split_dataset(samples, 0.7)
    assert values(left) + values(right) == Y.tolist()
    assert left.class_names == right.class_names == ["a", "b"]
    batches = samples.batch(4).map(lambda y: y * 2).take(3)
    left, right = split_dataset(batches, 0.7)
    assert values(left) == [[0, 2, 4, 6], [8, 10, 12]]
    assert values(right) == [[14, 16, 18]]
    assert batches.unbatch().batch_size is None and batches.batch_size == left.batch_size == 4
    pairs = split_dataset(split_dataset((X, Y), 9)[0].batch(2), 6)[0]
    assert [(x.shape, y.tolist()) for x, y in pairs] == [
        ((2, 2), [0, 1]),
        ((2, 2), [2, 3]),
        ((2, 2), [4, 5]),
    ]


def test_parts_share_no_sample_although_each_pass_has_a_new_order():
    mixed = Dataset(lambda: iter(Y), 10).shuffle(10)
    left, right = split_dataset(mixed, 5)
    assert values(left) == values(left)
    assert sorted(values(left) + values(right)) == Y.tolist()


def test_data_sets_by_number():
    class Squares:
        def __len__(self):
            return 6

        def __getitem__(self, index):
            return [np.full(2, index), index**2]

    left, right = split_dataset(Squares(), 4)
    assert [(x.tolist(), y) for x, y in right] == [([4, 4], 16), ([5, 5], 25)]
    assert len(list(left)) == 4


def test_the_order_of_keras():
    import random

    mixed = Y.tolist()
    state = random.getstate()
    random.seed(12)
    random.shuffle(mixed)  # what Keras does
    random.setstate(state)
    left, right = split_dataset(Y, 6, shuffle=True, seed=12)
    assert values(left) + values(right) == mixed
    assert random.getstate() == state


def test_without_a_seed_it_is_that_of_the_program():
    def order():
        martlet.utils.set_random_seed(3)
        return [values(split_dataset(Y, 9, shuffle=True)[0]) for _ in range(2)]

    first, second = order()
    assert first != second
    assert order() == [first, second]


@pytest.mark.parametrize("total", [2, 10, 33])
def test_sizes_are_those_of_keras(total):
    from keras.src.utils.dataset_utils import _rescale_dataset_split_sizes as theirs

    from martlet._splitting import _sizes as ours

    sizes = [
        None,
        1,
        2,
        7,
        9,
        10,
        33,
        0,
        -1,
        0.0,
        0.01,
        0.05,
        0.25,
        0.45,
        0.5,
        0.55,
        0.75,
        1.0,
        1.5,
    ]
    compared = 0
    for left in sizes:
        for right in sizes:
            if left is right is None:
                continue
            try:
                expected = theirs(left, right, total)
            except ValueError:
                with pytest.raises(ValueError, match="^split_dataset: "):
                    ours(left, right, total)
            else:
                assert ours(left, right, total) == expected, (left, right)
                compared += 1
    assert compared > 15


@pytest.mark.parametrize(
    ("dataset", "sizes", "error", "message"),
    [
        (Y, (), ValueError, "^split_dataset: left_size or right_size must be given$"),
        (Y, (1.5,), ValueError, "left_size must be a share .* samples from 1 to 9, got 1.5$"),
        (Y, (None, 10), ValueError, "right_size must be a share .* from 1 to 9, got 10$"),
        (Y, ("half",), TypeError, "^split_dataset: left_size must be a number, got 'half'$"),
        (Y, (True,), TypeError, "left_size must be a number, got True"),
        (Y, (0.7, 0.6), ValueError, "left_size=0.7 and right_size=0.6 are more than the whole"),
        (Y, (6, 5), ValueError, "left_size=6 and right_size=5 take 11 samples, but there are 10"),
        (Y, (0.01,), ValueError, "of 10 samples 0 would be left and 10 right; both parts need"),
        ([X, Y[:3]], (2,), ValueError, r"^dataset\[0\] has 10 samples but dataset\[1\] has 3"),
        ([], (2,), ValueError, "dataset is an empty list"),
        (np.zeros((0, 2)), (2,), ValueError, r"^dataset is empty: its shape is \(0, 2\)"),
        ([["a"]], (2,), TypeError, r"^dataset\[0\] holds <U1 values, expected numbers"),
        (iter([X]), (2,), TypeError, "dataset must be an array, .* got list_iterator$"),
        (PyDataset(), (2,), TypeError, "got PyDataset$"),
    ],
)
def test_mistakes_are_named(dataset, sizes, error, message):
    with pytest.raises(error, match=message):
        split_dataset(dataset, *sizes)


def test_parts_train_a_model():
    left, right = split_dataset([X, Y], 0.8, shuffle=True, seed=1)
    model = martlet.Sequential([martlet.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(left.batch(4), validation_data=right.batch(4), epochs=2, verbose=0)
    assert len(history.history["val_loss"]) == 2
