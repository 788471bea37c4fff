"""`Model.profile`: what it measures, what it leaves alone, how it looks."""

from __future__ import annotations

import re

import numpy as np
import pytest

import martlet
from martlet import layers

PASSES = ["prepare", "forward", "loss", "backward", "update"]


@pytest.fixture
def images():
    """80 pictures with labels."""
    random = np.random.default_rng(0)
    return random.integers(0, 255, (80, 9, 9, 1), np.uint8), random.integers(0, 3, 80)


def picture_model(compiles: bool = True) -> martlet.Sequential:
    model = martlet.Sequential(
        [
            martlet.Input((9, 9, 1), name="picture"),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.MaxPooling2D(name="pool"),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", name="answer"),
        ],
        name="pictures",
    )
    if compiles:
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_training(images):
    profile = picture_model().profile(*images, batch_size=16)
    assert profile.training
    assert (profile.batch_size, profile.batches) == (16, 10)
    assert profile.threads == martlet.config.num_threads()
    assert profile.instruction_set == martlet.config.instruction_set()
    assert sorted({row["pass"] for row in profile.rows}) == sorted(PASSES)
    layers_there = {row["layer"] for row in profile.rows}
    assert {"picture", "conv", "norm", "pool", "dropout", "answer", ""} == layers_there
    assert sum(row["share"] for row in profile.rows) == pytest.approx(1)
    busy = sum(row["milliseconds"] for row in profile.rows)
    assert busy == pytest.approx(profile.busy_milliseconds)
    assert profile.milliseconds > 0
    for row in profile.rows:
        assert row["milliseconds"] > 0
        assert row["gigabytes_per_second"] > 0
        has_products = row["layer"] in ("conv", "answer") and row["pass"] in ("forward", "backward")
        multiplies = has_products and row["operation"] != "softmax"
        assert (row["gflops"] is not None) == multiplies
    convolution = next(row for row in profile.rows if row["layer"] == "conv" and row["gflops"])
    flops = 2 * 16 * (7 * 7 * 4) * (3 * 3)
    assert convolution["gflops"] == pytest.approx(flops / convolution["milliseconds"] / 1e6)


def test_prediction_of_a_model_that_is_not_compiled(images):
    profile = picture_model(compiles=False).profile(images[0])
    assert not profile.training
    # Two whole batches of 32, taken in turn; the rest of 16 is left out.
    assert (profile.batch_size, profile.batches) == (32, 10)
    assert {row["pass"] for row in profile.rows} == {"forward"}


def test_nothing_changes(images):
    def trained(profiles: bool) -> list[np.ndarray]:
        martlet.backend.clear_session()
        martlet.utils.set_random_seed(3)
        model = picture_model()
        model.fit(*images, verbose=0)
        if profiles:
            before = model.get_weights(), model.optimizer.iterations
            model.profile(*images)
            model.profile(images[0])
            for old, new in zip(before[0], model.get_weights(), strict=True):
                np.testing.assert_array_equal(old, new)
            assert model.optimizer.iterations == before[1]
        model.fit(*images, verbose=0)
        return model.get_weights()

    for with_profile, without in zip(trained(True), trained(False), strict=True):
        np.testing.assert_array_equal(with_profile, without)


def test_several_inputs_and_outputs():
    a, b = martlet.Input((4,), name="a"), martlet.Input((4,), name="b")
    total = layers.Add(name="total")([a, b])
    model = martlet.Model([a, b], [layers.Dense(2, name="p")(total), total])
    model.compile("sgd", "mse")
    x = [np.ones((8, 4)), np.ones((8, 4))]
    profile = model.profile(x, [np.ones((8, 2)), np.ones((8, 4))])
    assert [row["layer"] for row in profile.rows if row["pass"] == "loss"] == ["p", "total"]
    gathered = [row["layer"] for row in profile.rows if row["operation"] == "gather"]
    assert gathered == ["a", "b"]
    assert [row["operation"] for row in profile.rows if row["pass"] == "update"] == ["SGD"]


def test_builds_a_model_without_input_shape(images):
    model = martlet.Sequential([layers.Flatten(), layers.Dense(2)])
    assert model.profile(images[0], batch_size=80).batch_size == 80
    assert model.built


def test_a_batch_is_no_larger_than_the_data(images):
    assert picture_model().profile(images[0][:5]).batch_size == 5


# ---- How it looks ----------------------------------------------------------------------------


def test_prints_as_a_table(images, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    profile = picture_model().profile(*images)
    text = str(profile)
    assert repr(profile) == text
    lines = text.splitlines()
    assert lines[0] == 'Profile of "pictures": training'
    header = [cell.strip() for cell in lines[2].split("┃")[1:-1]]
    assert header == ["Layer", "Operation", "Pass", "ms", "Share", "GFLOP/s", "GB/s"]
    frame = lines[1:-2]
    assert len({len(line) for line in frame}) == 1
    body = [line for line in frame if line.startswith("│")]
    assert len(body) == len(profile.rows)
    for line, row in zip(body, profile.rows, strict=True):
        cells = [cell.strip() for cell in line.split("│")[1:-1]]
        assert cells[:4] == [
            row["layer"] or "-",
            row["operation"],
            row["pass"],
            f"{row['milliseconds']:.4f}",
        ]
        assert cells[5] == ("-" if row["gflops"] is None else f"{row['gflops']:.1f}")
    # A line stands between two passes and nowhere else.
    assert sum(line.startswith("├") for line in frame) == len(PASSES) - 1
    assert re.search(r"\d ms per batch of 32, [\d,]+ samples per second", lines[-2])
    assert lines[-1].endswith(f"({profile.instruction_set}), medians of 10 batches")


def test_wraps_where_the_terminal_is_narrow(images, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = str(picture_model().profile(*images)).splitlines()
    assert max(map(len, lines)) <= 80
    # "convolution + bias + activation" takes two lines.
    assert any(line.startswith("│      ") for line in lines)


def test_shows_as_html_in_a_notebook(images):
    model = martlet.Sequential(
        [martlet.Input((9, 9, 1)), layers.Flatten(), layers.Dense(3, name="a<b>")]
    )
    profile = model.profile(images[0])
    page = profile._repr_html_()
    assert page.count("<tr>") == 1 + len(profile.rows)
    assert '<td style="text-align: left">a&lt;b&gt;</td>' in page
    assert "samples per second" in page


# ---- Mistakes --------------------------------------------------------------------------------


def test_training_needs_compile(images):
    with pytest.raises(ValueError, match="model 'pictures' must be compiled before profile"):
        picture_model(compiles=False).profile(*images)


@pytest.mark.parametrize("batch_size", [-1, 0, 2.5, "32", True])
def test_batch_size(images, batch_size):
    with pytest.raises(ValueError, match=re.escape(f"from 1 up, got {batch_size!r}")):
        picture_model().profile(images[0], batch_size=batch_size)


def test_shapes(images):
    x, y = images
    model = picture_model()
    with pytest.raises(ValueError, match=r"shape \(80, 8, 9, 1\), but input 'picture' expects"):
        model.profile(x[:, :8])
    with pytest.raises(ValueError, match=r"shape \(80, 8, 9, 1\), but input 'picture' expects"):
        model.profile(x[:, :8], y)
    with pytest.raises(ValueError, match="x has 80 samples but y has 79"):
        model.profile(x, y[:79])
    with pytest.raises(ValueError, match="label 3 .index 80., but layer 'answer' has 3 outputs"):
        model.profile(np.concatenate([x, x]), np.concatenate([y, np.full(80, 3)]))


def test_no_samples(images):
    with pytest.raises(ValueError, match=r"x is empty: its shape is \(0, 9, 9, 1\)"):
        picture_model().profile(images[0][:0])


def test_nan_is_found_before_anything_runs(images):
    x = images[0].astype(np.float32)
    x[3, 2, 2] = np.nan
    with pytest.raises(martlet.NonFiniteError, match="x holds NaN.*sample 3"):
        picture_model().profile(x, images[1])
