"""Optimizers: their numbers, state, schedules, configurations, and steps on arrays."""

from __future__ import annotations

import numpy as np
import pytest

from martlet import Input, Sequential, optimizers, utils
from martlet.layers import Conv2D, Dense, Flatten
from martlet.optimizers import schedules


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


# ---- Numbers of Keras -------------------------------------------------------------------------

GOLDEN = {
    "SGD": (lambda: optimizers.SGD(0.1), 0.93999994),
    "SGD momentum": (lambda: optimizers.SGD(0.1, momentum=0.9), 0.87250000),
    "SGD nesterov": (lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True), 0.82524997),
    "SGD weight_decay": (lambda: optimizers.SGD(0.1, weight_decay=0.1), 0.91109395),
    "SGD clipnorm": (lambda: optimizers.SGD(0.1, clipnorm=0.1), 0.99000001),
    "SGD clipvalue": (lambda: optimizers.SGD(0.1, clipvalue=0.1), 0.99000001),
    "SGD global_clipnorm": (lambda: optimizers.SGD(0.1, global_clipnorm=0.1), 0.99000001),
    "Adam": (lambda: optimizers.Adam(0.1), 0.81099772),
    "Adam amsgrad": (lambda: optimizers.Adam(0.1, amsgrad=True), 0.81099772),
    "AdamW": (lambda: optimizers.AdamW(0.1), 0.80989200),
    "RMSprop": (lambda: optimizers.RMSprop(0.1), 0.64111078),
    "RMSprop centered": (
        lambda: optimizers.RMSprop(0.1, momentum=0.9, centered=True),
        0.15996799,
    ),
    "Adagrad": (lambda: optimizers.Adagrad(0.1), 0.90420896),
    "Adadelta": (lambda: optimizers.Adadelta(1.0), 0.99827772),
    "Adamax": (lambda: optimizers.Adamax(0.1), 0.83483499),
    "Nadam": (lambda: optimizers.Nadam(0.1), 0.86946696),
    "Lion": (lambda: optimizers.Lion(0.1), 0.89999998),
    "Ftrl": (lambda: optimizers.Ftrl(0.1), 0.36968648),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_three_steps_give_the_numbers_of_keras(name):
    make, expected = GOLDEN[name]
    optimizer, weight = make(), np.array([1.0], np.float32)
    for gradient in (0.5, -0.2, 0.3):
        optimizer.apply([[gradient]], [weight])
    # Keras's corrections for the first steps of the Adam family are in single precision.
    assert weight.item() == pytest.approx(expected, abs=2e-6)


# ---- Steps on arrays --------------------------------------------------------------------------


def test_arrays_of_every_shape_are_trained_in_place():
    """Each array as if it were alone, whatever its axes and strides, in the order given."""
    random = np.random.default_rng(2)
    shapes = [(), (3,), (2, 5), (2, 1, 3), (4, 1), (1,), (7,), (2, 2), (3, 1), (6,), (1, 1), (2,)]
    arrays = [np.asarray(random.normal(size=shape), np.float32) for shape in shapes]
    arrays[2] = np.asarray(random.normal(size=(5, 2)), np.float32).T
    alone = [array.copy() for array in arrays]
    places = [array.__array_interface__["data"][0] for array in arrays]
    together, single = optimizers.Nadam(0.1), [optimizers.Nadam(0.1) for _ in arrays]
    for _ in range(4):
        gradients = [random.normal(size=shape) for shape in shapes]
        together.apply(gradients, arrays)
        for optimizer, gradient, array in zip(single, gradients, alone, strict=True):
            optimizer.apply_gradients([(gradient, array)])
    for a, b in zip(arrays, alone, strict=True):
        np.testing.assert_array_equal(a, b)
    assert places == [array.__array_interface__["data"][0] for array in arrays]
    assert together.iterations == 4
    state = together.variables
    assert [each.shape for each in state[2::2]][:12] == shapes
    assert state[2].path == "nadam/variable_momentum"
    assert state[-2].name == "variable_11_velocity"
    state[6].assign(np.ones((2, 5)))
    assert state[6].numpy().shape == (2, 5) and state[6].numpy().all()


def test_norms_of_arrays():
    a, b = np.zeros(2, np.float32), np.zeros((1, 1), np.float32)
    optimizers.SGD(1.0, clipnorm=1.0).apply([[3.0, 4.0], [[0.5]]], [a, b])
    np.testing.assert_allclose(a, [-0.6, -0.8], rtol=1e-6)
    assert b.item() == -0.5
    a[:], b[:] = 0, 0
    optimizers.SGD(1.0, global_clipnorm=13.0).apply([[6.0, 8.0], [[24.0]]], [a, b])
    np.testing.assert_allclose(a, [-3, -4], rtol=1e-6)
    assert b.item() == pytest.approx(-12)


def test_build_makes_the_state_and_apply_may_leave_the_variables_out():
    weight = np.zeros(2, np.float32)
    optimizer = optimizers.SGD(0.5, momentum=0.5)
    optimizer.build([weight])
    assert [each.name for each in optimizer.variables][2:] == ["variable_momentum"]
    optimizer.apply([[1, 2]])
    assert weight.tolist() == [-0.5, -1]
    optimizer.apply([])
    assert optimizer.iterations == 1


def test_averages_of_arrays():
    weight = np.zeros(1, np.float32)
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.75)
    for _ in range(2):
        optimizer.apply([[-1.0]], [weight])
    assert weight.item() == 2
    assert optimizer.variables[2].name == "variable_average"
    optimizer.finalize_variable_values()
    assert weight.item() == 1.25


def test_the_weights_of_a_model_can_be_trained_by_hand():
    model = line(optimizers.SGD(0.5), use_bias=False, kernel_initializer="ones")
    optimizer = model.optimizer
    assert optimizer.apply_gradients([([[1], [2]], model.trainable_weights[0])]) == 1
    assert model.get_weights()[0].ravel().tolist() == [0.5, 0]
    optimizer.apply([np.ones((2, 1))])
    assert model.get_weights()[0].ravel().tolist() == [0, -0.5]


FLOATS = np.zeros(2, np.float32)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda o: o.apply([[1.0]]), ValueError, "SGD.apply needs variables: give float32 arrays"),
        (lambda o: o.apply([[1.0]], []), ValueError, "got 1 gradients for 0 variables"),
        (
            lambda o: o.apply([[1.0]], [np.zeros(1)]),
            TypeError,
            r"trainable_variables\[0\] must be a float32 array, got float64; make one with",
        ),
        (lambda o: o.apply([[1.0]], [3.0]), TypeError, "must be a float32 array, got float"),
        (
            lambda o: o.apply([[1.0]], [np.broadcast_to(np.float32(1), 1)]),
            ValueError,
            r"trainable_variables\[0\] cannot be written to",
        ),
        (lambda o: o.apply([[]], [np.zeros(0, np.float32)]), ValueError, "is empty"),
        (
            lambda o: o.apply([[1.0]], [FLOATS]),
            ValueError,
            r"apply: grads\[0\] has shape \(1,\), its variable \(2,\)",
        ),
        (lambda o: o.apply([None], [FLOATS]), ValueError, r"grads\[0\] is missing"),
        (
            lambda o: (o.apply([[1, 1]], [np.ones(2, np.float32)]), o.apply([[1, 1]], [FLOATS])),
            ValueError,
            "SGD.apply: these are not the arrays of the first step",
        ),
        (
            lambda o: o.apply([[[1], [1]]], line("sgd", use_bias=False).trainable_weights),
            ValueError,
            "SGD.apply: these are weights of a model; compile it with this optimizer",
        ),
    ],
)
def test_wrong_steps(call, kind, message):
    before = FLOATS.copy()
    with pytest.raises(kind, match=message):
        call(optimizers.SGD())
    np.testing.assert_array_equal(FLOATS, before)


def test_a_step_takes_all_weights_of_the_model():
    model = line("sgd")
    message = r"SGD.apply takes all trainable weights of model '.*', \['line/kernel', 'line/bias'\]"
    with pytest.raises(ValueError, match=message):
        model.optimizer.apply([[1]], model.trainable_weights[1:])


# ---- Schedules --------------------------------------------------------------------------------


class Thirds(schedules.LearningRateSchedule):
    """A schedule of somebody's own: 3, 1, 1/3 and so on."""

    def __init__(self, start=3.0):
        self.start = start
        self.asked = []

    def __call__(self, step):
        self.asked.append(step)
        return np.float32(self.start / 3**step)

    def get_config(self):
        return {"start": self.start}


def test_models_follow_schedules():
    x, y = np.ones((4, 2)), np.ones(4)
    model = line(optimizers.SGD(schedules.PiecewiseConstantDecay([2, 5], [0.1, 0.2, 0.0])))
    assert [each.name for each in model.optimizer.variables] == ["iteration"]
    rates = []
    for _ in range(7):
        rates.append(model.optimizer.learning_rate)
        before = model.get_weights()
        model.train_on_batch(x, y)
    assert rates == [0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.0]
    np.testing.assert_array_equal(before[0], model.get_weights()[0])
    assert model.optimizer.iterations == 7


def test_own_schedules_are_asked_before_every_step():
    x, y = np.random.default_rng(1).normal(size=(2, 6, 2)).astype(np.float32)
    own = Thirds(0.3)
    built_in = schedules.ExponentialDecay(0.3, 1, 1 / 3)
    models = []
    for schedule in (own, built_in):
        model = line(optimizers.SGD(schedule), kernel_initializer="ones")
        model.fit(x, y[:, 0], batch_size=2, epochs=2, shuffle=False, verbose=0)
        models.append(model)
    assert own.asked == [0, 1, 2, 3, 4, 5]
    assert models[0].optimizer.learning_rate == pytest.approx(0.3 / 3**6)
    for a, b in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_functions_without_arguments_are_rates():
    rates = iter([0.5, 0.25, 0.125, 1.0])
    weight = np.zeros(1, np.float32)
    optimizer = optimizers.SGD(lambda: next(rates))
    for _ in range(3):
        optimizer.apply([[-1.0]], [weight])
    assert weight.item() == 0.875
    assert optimizer.learning_rate == 1.0


def test_own_schedules_of_models_that_are_built_later():
    model = Sequential([Dense(1)])
    own = Thirds(0.1)
    model.compile(optimizers.Adam(own), "mse")
    model.fit(np.ones((4, 2)), np.ones(4), batch_size=2, verbose=0)
    assert own.asked == [0, 1]


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (
            "a third",
            TypeError,
            "Adam: learning_rate .*Failing.* gave 'a third' at step 1, expected",
        ),
        (np.nan, ValueError, "the learning rate's function gave nan at step 1"),
        (KeyError("no such step"), KeyError, "no such step"),
        (KeyboardInterrupt(), KeyboardInterrupt, "^$"),
    ],
)
def test_own_schedules_that_fail(given, kind, message):
    class Failing(Thirds):
        def __call__(self, step):
            if step == 0:
                return 0.1
            if isinstance(given, BaseException):
                raise given
            return given

    model = line(optimizers.Adam(Failing()))
    x, y = np.ones((4, 2)), np.ones(4)
    with pytest.raises(kind, match=message):
        model.fit(x, y, batch_size=2, verbose=0)
    assert model.optimizer.iterations == 1
    # Nothing is left of it.
    model.optimizer.learning_rate = schedules.CosineDecay(0.1, 10)
    model.fit(x, y, verbose=0)
    assert model.optimizer.iterations == 2


def test_rates_and_schedules_may_be_exchanged():
    model = line(optimizers.SGD(0.5))
    optimizer = model.optimizer
    optimizer.learning_rate = 0.25
    assert optimizer.learning_rate == 0.25
    optimizer.learning_rate = schedules.InverseTimeDecay(1.0, 1, 1.0)
    model.train_on_batch(np.ones((2, 2)), np.ones(2))
    assert optimizer.learning_rate == 0.5
    optimizer.learning_rate = Thirds()
    assert optimizer.learning_rate == 1.0
    with pytest.raises(
        TypeError, match="SGD: learning_rate follows .*Thirds.*, so it cannot be set"
    ):
        optimizer.learning_rate = 0.1
    with pytest.raises(TypeError, match="is the class CosineDecay; make a schedule of it"):
        optimizer.learning_rate = schedules.CosineDecay


def test_schedules_take_arrays_of_steps():
    schedule = schedules.CosineDecay(0.1, decay_steps=10)
    rates = schedule(np.arange(12).reshape(3, 4))
    assert rates.shape == (3, 4) and rates.dtype == np.float32
    assert rates[1, 1] == np.float32(schedule(5)) and rates[2, 3] == 0
    assert isinstance(schedule(np.int64(5)), float)
    assert repr(schedule).startswith(
        "CosineDecay(initial_learning_rate=0.1, decay_steps=10, alpha="
    )


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (
            lambda: schedules.ExponentialDecay(0.1, 0, 0.5),
            ValueError,
            "ExponentialDecay: invalid value for argument 'decay_steps': expected a number above 0",
        ),
        (
            lambda: schedules.PiecewiseConstantDecay([1, 2], [1.0]),
            ValueError,
            "'values' must have one entry more than 'boundaries', received 1 values and 2",
        ),
        (
            lambda: schedules.CosineDecay("much", 10),
            TypeError,
            "CosineDecay: argument 'initial_learning_rate' must be a number, received \"much\"",
        ),
        (
            lambda: schedules.deserialize({"class_name": "CosineDecai"}),
            ValueError,
            "unknown learning-rate schedule 'CosineDecai'; did you mean 'CosineDecay'",
        ),
        (
            lambda: schedules.LearningRateSchedule()(1),
            NotImplementedError,
            "must override __call__",
        ),
        (
            lambda: schedules.LearningRateSchedule().get_config(),
            NotImplementedError,
            "must override get_config",
        ),
    ],
)
def test_wrong_schedules(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


# ---- Configurations ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", GOLDEN)
def test_configurations_make_the_same_optimizer(name):
    optimizer = GOLDEN[name][0]()
    for again in (
        type(optimizer).from_config(optimizer.get_config()),
        optimizers.deserialize(optimizers.serialize(optimizer)),
        optimizers.get(optimizers.serialize(optimizer)),
    ):
        assert type(again) is type(optimizer)
        assert again.get_config() == optimizer.get_config()


def test_configurations_hold_schedules():
    optimizer = optimizers.Lion(schedules.PolynomialDecay(0.1, 10, power=2.0), name="mine")
    config = optimizer.get_config()
    assert config["learning_rate"]["class_name"] == "PolynomialDecay"
    again = optimizers.Lion.from_config(config)
    assert again.name == "mine"
    assert again.learning_rate == optimizer.learning_rate == 0.1
    assert again.get_config() == config
    own = optimizers.serialize(optimizers.Lion(Thirds(6.0)))
    with pytest.raises(ValueError, match="unknown learning-rate schedule 'Thirds'"):
        optimizers.deserialize(own)
    assert optimizers.deserialize(own, {"Thirds": Thirds}).learning_rate == 6.0


def test_arguments_are_attributes():
    optimizer = optimizers.AdamW(clipnorm=1.0)
    assert optimizer.weight_decay == 0.004
    assert (optimizer.beta_2, optimizer.clipnorm, optimizer.use_ema) == (0.999, 1.0, False)
    assert repr(optimizer) == "AdamW(clipnorm=1.0)"
    with pytest.raises(AttributeError, match="'AdamW' object has no attribute 'momentum'"):
        _ = optimizer.momentum


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (
            lambda: optimizers.Adam(clipnorm=1.0, clipvalue=0.5),
            ValueError,
            "Adam: only one of 'clipnorm', 'global_clipnorm' and 'clipvalue' may be given, "
            "received clipnorm=1.0 and clipvalue=0.5",
        ),
        (lambda: optimizers.Adam(beta_1=1.0), ValueError, "Adam: .*'beta_1'.*received 1.0"),
        (lambda: optimizers.Lion(beta_1=0.0), ValueError, "Lion: .*'beta_1': expected .* above 0"),
        (lambda: optimizers.SGD(clipnorm=-1), ValueError, "SGD: .*'clipnorm'.*at least 0"),
        (lambda: optimizers.SGD(use_ema=1), TypeError, "SGD: argument 'use_ema' must be true or"),
        (lambda: optimizers.AdamW(weight_decay=None), ValueError, "AdamW: weight_decay must be"),
        (
            lambda: optimizers.Adam(gradient_accumulation_steps=2),
            NotImplementedError,
            "Adam: gradient_accumulation_steps=2 is not supported yet",
        ),
        (
            lambda: optimizers.Adam(loss_scale_factor=2.0),
            NotImplementedError,
            "Adam: loss_scale_factor=2.0 is not supported yet",
        ),
        (
            lambda: optimizers.Optimizer(learning_rate=0.1),
            NotImplementedError,
            "Optimizer: an update rule of your own is not supported yet",
        ),
        (
            lambda: optimizers.Ftrl(learning_rate_power=0.5),
            ValueError,
            "Ftrl: .*learning_rate_power",
        ),
        (
            lambda: optimizers.Nadam(beta1=0.5),
            ValueError,
            "Nadam does not know the argument 'beta1'",
        ),
    ],
)
def test_wrong_arguments(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_decay_is_ignored_as_in_keras():
    with pytest.warns(UserWarning, match="SGD: the argument 'decay' is ignored"):
        optimizer = optimizers.SGD(decay=1e-4)
    assert repr(optimizer) == "SGD()"


# ---- Averages ---------------------------------------------------------------------------------


def test_fit_ends_with_the_averages():
    x, y = np.ones((4, 2)), np.ones(4)
    model = line(optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), kernel_initializer="ones")
    model.fit(x, y, batch_size=2, epochs=2, verbose=0)
    averages = [each.numpy() for each in model.optimizer.variables if "average" in each.name]
    for weight, average in zip(model.get_weights(), averages, strict=True):
        np.testing.assert_array_equal(weight, average)


# ---- Norms of gradients in training -----------------------------------------------------------


def step_of(**clipping):
    """What a step of gradient descent with a rate of 1 does to the weights of a small network."""
    utils.set_random_seed(5)
    model = Sequential(
        [
            Input((8, 8, 3)),
            Conv2D(12, 3, padding="same", activation="relu"),
            Conv2D(48, 3, strides=2, activation="relu"),
            Flatten(),
            Dense(30, activation="tanh"),
            Dense(2),
        ]
    )
    model.compile(optimizers.SGD(1.0, **clipping), "mse")
    random = np.random.default_rng(6)
    before = model.get_weights()
    model.train_on_batch(random.normal(size=(20, 8, 8, 3)), random.normal(size=(20, 2)))
    return [a - b for a, b in zip(model.get_weights(), before, strict=True)]


def test_convolutions_are_clipped_as_a_whole():
    """Their gradients come in parts, one for each group of samples, and in many stretches."""
    free = step_of()
    norms = [np.linalg.norm(each.astype(np.float64)) for each in free]
    total = np.linalg.norm(norms)
    for gradient, plain in zip(step_of(global_clipnorm=total / 3), free, strict=True):
        np.testing.assert_allclose(gradient, plain / 3, atol=1e-6)
    bound = float(np.median(norms))
    clipped = step_of(clipnorm=bound)
    for gradient, plain, norm in zip(clipped, free, norms, strict=True):
        np.testing.assert_allclose(gradient, plain * min(1, bound / norm), atol=1e-6)
