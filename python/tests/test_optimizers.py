"""Optimizers: their state and how it is listed."""

from __future__ import annotations

import numpy as np
import pytest

from martlet import Input, Sequential, optimizers
from martlet.layers import Dense


def line(optimizer, **arguments):
    """A compiled model of one dense layer named 'line' with two inputs."""
    model = Sequential([Input((2,)), Dense(1, name="line", **arguments)])
    model.compile(optimizer, "mse")
    return model


# ---- State ------------------------------------------------------------------------------------


def test_variables_are_listed_and_can_be_set():
    model = line(optimizers.Adam(0.1))
    state = model.optimizer.variables
    assert [each.path for each in state] == [
        "adam/iteration",
        "adam/learning_rate",
        "adam/line_kernel_momentum",
        "adam/line_kernel_velocity",
        "adam/line_bias_momentum",
        "adam/line_bias_velocity",
    ]
    assert [each.shape for each in state] == [(), (), (2, 1), (2, 1), (1,), (1,)]
    assert state[0].dtype == "int64" and state[1].dtype == "float32"
    assert repr(state[5]) == (
        "<OptimizerVariable path=adam/line_bias_velocity, shape=(1,), dtype=float32>"
    )
    assert not state[2].numpy().any()
    model.train_on_batch(np.ones((4, 2)), np.ones(4))
    assert state[0].numpy() == 1 and state[0].numpy().dtype == np.int64
    assert state[2].numpy().all()
    state[0].assign(2**24 + 1)
    assert state[0].numpy() == model.optimizer.iterations == 2**24 + 1
    state[1].assign(0.5)
    assert model.optimizer.learning_rate == np.asarray(state[1]) == 0.5
    state[3].assign([[3], [4]])
    assert state[3].numpy().tolist() == [[3], [4]]


def test_variables_carry_the_whole_state():
    """A model with the weights and the state of another trains on as that one does."""
    x, y = np.random.default_rng(1).normal(size=(2, 8, 2)).astype(np.float32)
    first = line(optimizers.Adam(0.1))
    first.fit(x, y[:, 0], epochs=2, verbose=0)
    second = line(optimizers.Adam(0.3))
    second.set_weights(first.get_weights())
    for old, new in zip(first.optimizer.variables, second.optimizer.variables, strict=True):
        new.assign(old.numpy())
    for model in (first, second):
        model.fit(x, y[:, 0], shuffle=False, verbose=0)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_variables_begin_with_compiling():
    assert optimizers.Adam().variables == []


@pytest.mark.parametrize(
    ("index", "value", "kind", "message"),
    [
        (2, [1.0, 2.0], ValueError, r"adam/line_kernel_momentum has shape \(2, 1\), got \(2,\)"),
        (0, -1, ValueError, "iterations: expected a whole number from 0 up, got -1.0"),
        (1, np.nan, ValueError, "learning_rate: expected a number from 0 up, got nan"),
        (3, "much", TypeError, "adam/line_kernel_velocity holds"),
    ],
)
def test_wrong_values_of_variables(index, value, kind, message):
    model = line("adam")
    with pytest.raises(kind, match=message):
        model.optimizer.variables[index].assign(value)
