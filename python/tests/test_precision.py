"""How exactly products are worked out: for the process, and layer by layer."""

from __future__ import annotations

import numpy as np
import pytest

import martlet
from martlet import layers

PRECISIONS = ["highest", "high", "mixed_bfloat16"]


def choose(precision: str) -> None:
    """Sets one of `PRECISIONS` for what is made and computed from now on."""
    bfloat16 = precision == "mixed_bfloat16"
    martlet.config.set_dtype_policy("mixed_bfloat16" if bfloat16 else "float32")
    martlet.config.set_matmul_precision("highest" if bfloat16 else precision)


def cnn() -> martlet.Model:
    """Convolutions with a bias, and dense layers."""
    return martlet.Sequential(
        [
            martlet.Input((24, 24, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def resnet() -> martlet.Model:
    """A residual block that halves the image."""

    def convolved(x, filters, size, strides):
        x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    image = martlet.Input((24, 24, 1))
    start = layers.ReLU()(convolved(image, 16, 3, 1))
    body = layers.ReLU()(convolved(start, 32, 3, 2))
    body = convolved(body, 32, 3, 1)
    joined = layers.ReLU()(layers.Add()([body, convolved(start, 32, 1, 2)]))
    pooled = layers.GlobalAveragePooling2D()(joined)
    return martlet.Model(image, layers.Dense(10, activation="softmax")(pooled))


def data() -> tuple[np.ndarray, np.ndarray]:
    """Digits, three times as large."""
    (x, y), _ = martlet.datasets.digits.load_data()
    return x[:111].repeat(3, axis=1).repeat(3, axis=2) / 16, y[:111]


def trained(network, precision: str, threads: int = 0) -> bytes:
    """Weights and predictions after a few steps."""
    choose(precision)
    martlet.config.set_num_threads(threads)
    martlet.utils.set_random_seed(5)
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = data()
    model.fit(x, y, batch_size=37, verbose=0)
    return b"".join(each.tobytes() for each in [*model.get_weights(), model.predict(x, verbose=0)])


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("network", [cnn, resnet])
def test_any_number_of_threads_gives_the_same_bits(network, precision):
    expected = trained(network, precision, threads=1)
    for threads in (2, 3, 5):
        assert trained(network, precision, threads) == expected


@pytest.mark.parametrize("precision", ["high", "mixed_bfloat16"])
@pytest.mark.parametrize("network", [cnn, resnet])
def test_less_precision_shows_where_it_is_faster(network, precision):
    faster = {"high": ("amx",), "mixed_bfloat16": ("amx", "avx512_bf16")}[precision]
    shows = martlet.config.instruction_set() in faster
    assert (trained(network, precision) != trained(network, "highest")) == shows


@pytest.mark.parametrize(("precision", "good_bits"), [("high", 14), ("mixed_bfloat16", 6)])
@pytest.mark.parametrize("network", [cnn, resnet])
def test_predictions_stay_close(network, precision, good_bits):
    # Roundings of the factors, 16 or 8 good bits, and what a few layers add to them.
    models = []
    for each in ("highest", precision):
        choose(each)
        martlet.utils.set_random_seed(5)
        models.append(network())
    x, _ = data()
    choose("highest")
    expected = models[0].predict(x, verbose=0)
    martlet.config.set_matmul_precision("high" if precision == "high" else "highest")
    found = models[1].predict(x, verbose=0)
    assert found.dtype == np.float32
    worst = np.abs(found - expected).max()
    assert worst <= 2.0**-good_bits, f"differs by {worst:.1e}"


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("depth", [20, 600, 601])
def test_a_row_alone_gives_the_same_bits(precision, depth):
    """Matrices that are small beside the batch, and others; pairs, and an odd one over."""
    choose(precision)
    martlet.utils.set_random_seed(5)
    model = martlet.Sequential([martlet.Input((depth,)), layers.Dense(40, activation="tanh")])
    x = np.random.default_rng(1).normal(size=(70, depth)).astype("float32")
    whole = model.predict(x, batch_size=70, verbose=0)
    for batch_size in (1, 3, 32):
        some = model.predict(x[:batch_size], batch_size=batch_size, verbose=0)
        assert some.tobytes() == whole[:batch_size].tobytes()


def test_the_setting_holds_from_the_next_call_on():
    martlet.utils.set_random_seed(5)
    model = cnn()
    x, _ = data()
    first = model.predict(x, verbose=0)
    martlet.config.set_matmul_precision("high")
    assert martlet.config.matmul_precision() == "high"
    between = model.predict(x, verbose=0)
    tiles = martlet.config.instruction_set() == "amx"
    assert (between.tobytes() != first.tobytes()) == tiles
    martlet.config.set_matmul_precision("highest")
    assert model.predict(x, verbose=0).tobytes() == first.tobytes()


@pytest.mark.parametrize("value", ["medium", "High", ""])
def test_unknown_precisions_are_named(value):
    martlet.config.set_matmul_precision("high")
    with pytest.raises(ValueError) as error:
        martlet.config.set_matmul_precision(value)
    assert str(error.value) == (
        f"the precision of matrix products must be 'highest' or 'high', received '{value}'"
    )
    assert martlet.config.matmul_precision() == "high"


@pytest.mark.parametrize("value", [None, 3, ["high"]])
def test_precisions_are_text(value):
    with pytest.raises(TypeError) as error:
        martlet.config.set_matmul_precision(value)
    assert str(error.value) == (
        f"the precision of matrix products must be 'highest' or 'high', got {value!r}"
    )


EXPECTED = "expected 'float32' or 'mixed_bfloat16'"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("bfloat16", "mixed_bfloat16"),
        ("mixed_float16", "mixed_bfloat16"),
        ("float16", "float32"),
        ("float64", "float32"),
    ],
)
def test_policies_that_only_keras_has(name, near):
    message = f"={name!r} is not supported yet: {EXPECTED}; did you mean '"
    for what, make in (
        ("Dense: dtype", lambda: layers.Dense(3, dtype=name)),
        ("Flatten: dtype", lambda: layers.Flatten(dtype=name)),
        ("DTypePolicy: name", lambda: martlet.DTypePolicy(name)),
        ("set_dtype_policy: policy", lambda: martlet.config.set_dtype_policy(name)),
    ):
        with pytest.raises(NotImplementedError) as error:
            make()
        assert str(error.value) == f"{what}{message}{near}'?"
    assert martlet.config.dtype_policy().name == "float32"


def test_names_of_no_policy():
    message = f"='mixd_bfloat16' is no policy: {EXPECTED}; did you mean 'mixed_bfloat16'?"
    for what, make in (
        ("Conv2D: dtype", lambda: layers.Conv2D(3, 3, dtype="mixd_bfloat16")),
        ("DTypePolicy: name", lambda: martlet.DTypePolicy("mixd_bfloat16")),
        ("set_dtype_policy: policy", lambda: martlet.config.set_dtype_policy("mixd_bfloat16")),
        ("dtype_policies.get: identifier", lambda: martlet.dtype_policies.get("mixd_bfloat16")),
    ):
        with pytest.raises(ValueError) as error:
            make()
        assert str(error.value) == what + message


@pytest.mark.parametrize("value", [None, 3, {"config": {"name": "float32"}}])
def test_the_global_policy_is_a_name_or_a_policy(value):
    with pytest.raises(ValueError) as error:
        martlet.config.set_dtype_policy(value)
    assert str(error.value) == (
        "set_dtype_policy: policy must be 'float32' or 'mixed_bfloat16' or a DTypePolicy, "
        f"got {value!r}"
    )
    with pytest.raises(TypeError, match="DTypePolicy: name must be text.*got 3"):
        martlet.DTypePolicy(3)


def test_a_layer_keeps_the_policy_it_was_made_with():
    before = layers.Dense(8)
    martlet.config.set_dtype_policy("mixed_bfloat16")
    after, own = layers.Dense(8), layers.Dense(8, dtype=np.float32)
    martlet.backend.clear_session()
    names = [each.dtype_policy.name for each in (before, after, own, layers.Dense(8))]
    assert names == ["float32", "mixed_bfloat16", "float32", "float32"]
    assert repr(after) == "Dense(8, dtype='mixed_bfloat16')"
    assert repr(own) == "Dense(8)"
    assert after(np.ones((2, 3))).dtype == np.float32
    assert after.kernel.dtype == "float32"


def test_inputs_are_float32_whatever_the_policy():
    martlet.config.set_dtype_policy("mixed_bfloat16")
    model = martlet.Sequential([martlet.Input((3,)), layers.Dense(2)])
    assert model.inputs[0].dtype == "float32"
    assert layers.InputLayer((3,)).compute_dtype == "float32"
    assert layers.InputLayer((3,)).get_config()["dtype"] == "float32"


def test_policies_are_values():
    policies = {martlet.DTypePolicy("float32"), martlet.dtype_policies.get(np.dtype("float32"))}
    assert len(policies) == 1
    assert martlet.mixed_precision.Policy is martlet.DTypePolicy
