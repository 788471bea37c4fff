"""Pictures: what they show, in numbers; and what is said where they cannot be drawn."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from test_import import run

import martlet
from martlet import layers, viz

pytest.importorskip("matplotlib")

from matplotlib import pyplot
from matplotlib.figure import Figure


@pytest.fixture(autouse=True)
def no_windows():
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")


@pytest.fixture
def network():
    return martlet.Sequential(
        [
            martlet.Input((12, 12, 1)),
            layers.Conv2D(6, 3, activation="relu", name="first"),
            layers.MaxPooling2D(name="pool"),
            layers.Conv2D(8, 3, activation="relu", name="second"),
            layers.BatchNormalization(name="normal"),
            layers.Dropout(0.5),
            layers.Flatten(name="flat"),
            layers.Dense(3, activation="softmax", name="answer"),
        ],
        name="network",
    )


def image(seed: int = 0, shape: tuple[int, ...] = (12, 12, 1)) -> np.ndarray:
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def titles(figure: Figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def saved(figure: Figure, tmp_path) -> Figure:
    """Drawn in earnest: layout and text are worked out then."""
    figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000
    return figure


# ---- images ----------------------------------------------------------------------------------


def test_images_bear_their_classes(tmp_path):
    x = np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4)
    figure = saved(viz.images(x, [0, 2, 1], ["cat", "dog", "owl"]), tmp_path)
    assert titles(figure) == ["cat", "owl", "dog"]
    shown = figure.axes[0].images[0].get_array()
    assert shown.min() == 0 and np.allclose(shown, x[0] / 47)


def test_wrong_answers_are_red_and_name_both():
    x = np.zeros((2, 4, 4, 3))
    probabilities = [[0.9, 0.1], [0.8, 0.2]]
    figure = viz.images(x, np.array([[0], [1]]), ["cat", "dog"], predicted=probabilities)
    assert titles(figure) == ["cat", "cat, not dog"]
    # Two lines where the image is too narrow for one.
    figure = viz.images(x, [0, 1], ["flamingo", "albatross"], predicted=probabilities)
    assert titles(figure) == ["flamingo", "flamingo,\nnot albatross"]
    assert figure.axes[1].title.get_color() == "#c0392b"
    assert figure.axes[0].title.get_color() != "#c0392b"


def test_of_many_images_the_first_are_shown():
    figure = viz.images(np.zeros((1000, 4, 4, 1)))
    assert figure.get_suptitle() == "25 of 1,000 images"
    assert sum(len(axes.images) for axes in figure.axes) == 25


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (
            np.zeros((4, 4)),
            None,
            "x has shape (4, 4), expected images (samples, height, width) or (samples, height, "
            "width, channels) with 1, 3 or 4 channels; one image is x[None], and rows of points "
            "are to be reshaped",
        ),
        (np.zeros((2, 3, 8, 8)), None, "channels come last: move axis 1 to the end"),
        (np.zeros((0, 8, 8)), None, "x is empty: its shape is (0, 8, 8)"),
        (np.zeros((2, 8, 8)), [1], "y has shape (1,), expected 2 classes, one per image"),
        (np.zeros((2, 8, 8)), [1, -1], "y holds class -1; classes are numbered from 0"),
        (np.zeros((2, 8, 8)), [1.5, 2], "y holds numbers that are no classes, such as 1.5"),
    ],
)
def test_images_that_are_none_are_named(x, y, message):
    with pytest.raises(ValueError) as caught:
        viz.images(x, y)
    assert message in str(caught.value)


# ---- confusion_matrix ------------------------------------------------------------------------


def test_confusion_counts_are_right(tmp_path):
    truth, answers = [0, 0, 0, 1, 2, 2], [0, 0, 1, 1, 0, 2]
    figure = saved(viz.confusion_matrix(truth, answers, ["cat", "dog", "owl"]), tmp_path)
    axes = figure.axes[0]
    assert axes.get_title() == "4 of 6 right (66.7 %)"
    cells = {
        (int(text.get_position()[1]), int(text.get_position()[0])): text.get_text()
        for text in axes.texts
    }
    assert cells == {(0, 0): "2", (0, 1): "1", (1, 1): "1", (2, 0): "1", (2, 2): "1"}
    shares = axes.images[0].get_array()
    assert np.allclose(shares[0], [2 / 3, 1 / 3, 0])
    assert [each.get_text() for each in axes.get_yticklabels()] == ["cat", "dog", "owl"]


def test_confusion_takes_one_hot_and_probabilities():
    one_hot = martlet.utils.to_categorical([0, 1])
    figure = viz.confusion_matrix(one_hot, [[0.9, 0.1], [0.6, 0.4]])
    assert figure.axes[0].get_title() == "1 of 2 right (50.0 %)"
    # A single sigmoid.
    figure = viz.confusion_matrix([0, 1], [[0.2], [0.7]])
    assert figure.axes[0].get_title() == "2 of 2 right (100.0 %)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [0]), "confusion_matrix: y_true has 2 samples, y_pred has 1"),
        (([0, 2], [0, 1], ["a", "b"]), "class 2 has no name; there are 2 class_names"),
        (([], []), "of at least one sample"),
    ],
)
def test_confusion_mistakes_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        viz.confusion_matrix(*arguments)


# ---- filters and feature maps ----------------------------------------------------------------


def test_filters_show_the_kernel(network, tmp_path):
    figure = saved(viz.filters(network.get_layer("first")), tmp_path)
    assert figure.get_suptitle() == "first: 6 filters, 3 × 3"
    kernel = network.get_layer("first").get_weights()[0]
    drawn = [axes.images[0].get_array() for axes in figure.axes if axes.images][:6]
    for index, values in enumerate(drawn):
        assert np.array_equal(values, kernel[:, :, 0, index])


def test_filters_over_many_channels_are_a_table(network, tmp_path):
    figure = saved(viz.filters(network.get_layer("second")), tmp_path)
    assert (
        figure.get_suptitle() == "second: filters (rows) 8 of 8, channels (columns) 6 of 6, 3 × 3"
    )


def test_filters_over_colours_are_coloured():
    layer = layers.Conv2D(2, 3)
    layer.build((None, 8, 8, 3))
    shown = viz.filters(layer).axes[0].images[0].get_array()
    kernel = layer.get_weights()[0]
    assert np.allclose(shown, 0.5 + kernel[..., 0] / (2 * np.abs(kernel).max()))


def test_filters_need_a_kernel():
    with pytest.raises(ValueError, match="layer 'c' is not built: call it on data first"):
        viz.filters(layers.Conv2D(2, 3, name="c"))
    dense = layers.Dense(2, name="d")
    dense.build((None, 3))
    with pytest.raises(ValueError, match="layer 'd' has no such kernel"):
        viz.filters(dense)


def test_feature_maps_are_what_the_layer_gives(network, tmp_path):
    x = image()
    figure = saved(viz.feature_maps(network, x, "pool"), tmp_path)
    assert figure.get_suptitle() == "pool: 6 feature maps, 5 × 5"
    part = martlet.Model(network.input, network.get_layer("pool").output)
    expected = part.predict(x[None], verbose=0)[0]
    for index in range(6):
        assert np.array_equal(figure.axes[index].images[0].get_array(), expected[:, :, index])


def test_feature_maps_of_all_layers_stand_in_rows(network, tmp_path):
    figure = saved(viz.feature_maps(network, image()[None]), tmp_path)
    labels = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert labels[:2] == ["first\n10 × 10, 6 channels", "pool\n5 × 5, 6 channels"]
    assert len(labels) == 5  # the dropout, too
    by_index = viz.feature_maps(network, image(), 1)
    assert by_index.get_suptitle() == "pool: 6 feature maps, 5 × 5"


def test_feature_maps_name_what_is_wrong(network):
    with pytest.raises(ValueError, match="did you mean 'second'"):
        viz.feature_maps(network, image(), "secnd")
    with pytest.raises(
        ValueError, match=r"layer 'flat' gives \(None, 72\), no images; layers that"
    ):
        viz.feature_maps(network, image(), "flat")
    with pytest.raises(
        ValueError, match=r"image has shape \(5, 5\), but model 'network' takes one"
    ):
        viz.feature_maps(network, np.zeros((5, 5)))
    with pytest.raises(ValueError, match=r"takes one image of shape \(12, 12, 1\)"):
        viz.feature_maps(network, np.zeros((2, 12, 12, 1)))
    plain = martlet.Sequential([martlet.Input((4,)), layers.Dense(2)], name="plain")
    with pytest.raises(ValueError, match="no layer of model 'plain' gives images"):
        viz.feature_maps(plain, np.zeros(4))


# ---- grad_cam --------------------------------------------------------------------------------


def by_differences(network, x: np.ndarray, class_index: int, layer: str) -> np.ndarray:
    """The same map from central differences of the scores."""
    convolution = network.get_layer(layer)
    maps = martlet.Model(network.input, convolution.output).predict(x[None], verbose=0)
    rest = martlet.Model(convolution.output, network.get_layer("flat").output)
    kernel, bias = network.get_layer("answer").get_weights()

    def score(values: np.ndarray) -> np.ndarray:
        flat = rest.predict(values, verbose=0).astype(np.float64)
        return flat @ kernel[:, class_index].astype(np.float64) + bias[class_index]

    step = 0.5  # behind the last convolution all is linear, so no difference is too large
    steps = step * np.eye(maps.size, dtype=np.float32).reshape(-1, *maps.shape[1:])
    gradient = (score(maps + steps) - score(maps - steps)) / (2 * step)
    weights = gradient.reshape(maps.shape[1:]).mean(axis=(0, 1))
    heat = np.maximum((maps[0] * weights).sum(axis=-1), 0)
    return heat / max(heat.max(), 1e-30)


@pytest.mark.parametrize("class_index", [0, 1, 2])
def test_grad_cam_agrees_with_differences(network, class_index):
    # Away from the beginning of gamma, beta and the averages.
    network.get_layer("normal").set_weights(
        [np.linspace(start, end, 8) for start, end in ((0.5, 2), (-1, 1), (-0.2, 0.2), (0.5, 3))]
    )
    before = network.get_weights()
    x = image(3)
    heat = viz.class_activation(network, x, class_index)
    expected = by_differences(network, x, class_index, "second")
    assert heat.shape == (3, 3) and heat.dtype == np.float32
    # Sums of 8 terms in float32.
    assert np.allclose(heat, expected, atol=1e-5)
    assert all(map(np.array_equal, network.get_weights(), before))


def test_grad_cam_uses_scores_not_probabilities(network):
    # A class whose probability is 1 in float32 still has a gradient.
    kernel, bias = network.get_layer("answer").get_weights()
    network.get_layer("answer").set_weights([kernel, np.add(bias, (100, 0, 0))])
    assert network.predict(image()[None], verbose=0)[0, 0] == 1
    plain = viz.class_activation(network, image(), 0)
    network.get_layer("answer").set_weights([kernel, bias])
    assert plain.max() == 1 and np.array_equal(plain, viz.class_activation(network, image(), 0))


def test_grad_cam_calls_a_single_output_class_1():
    martlet.utils.set_random_seed(3)
    model = martlet.Sequential(
        [
            martlet.Input((8, 8, 1)),
            layers.Conv2D(2, 3),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    figure = viz.grad_cam(model, np.ones((8, 8, 1)))
    assert figure.get_suptitle().startswith("What speaks for class 1 (")


def test_grad_cam_shows_image_map_and_both(network, tmp_path):
    figure = saved(viz.grad_cam(network, image()), tmp_path)
    answer = network.predict(image()[None], verbose=0)[0]
    chosen = int(answer.argmax())
    assert (
        figure.get_suptitle()
        == f"What speaks for class {chosen} ({answer[chosen]:.1%})".replace("%", " %")
    )
    heat = figure.axes[1].images[0].get_array()
    assert np.array_equal(heat, viz.class_activation(network, image(), chosen))
    other = viz.grad_cam(network, image(), 1, layer="first")
    assert other.axes[1].images[0].get_array().shape == (10, 10)


def test_grad_cam_of_a_branched_model():
    source = martlet.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(source)
    x = layers.Add()([x, layers.Conv2D(4, 3, padding="same", name="last")(x)])
    model = martlet.Model(source, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    heat = viz.class_activation(model, image(0, (8, 8, 3)), 0)
    maps = martlet.Model(source, model.get_layer("last").output).predict(
        image(0, (1, 8, 8, 3)), verbose=0
    )[0]
    # The map reaches the scores through the sum alone, evenly: its weight is the dense layer's.
    expected = np.maximum((maps * model.layers[-1].get_weights()[0][:, 0] / 64).sum(axis=-1), 0)
    assert np.allclose(heat, expected / expected.max(), atol=1e-5)


def test_of_a_shared_layer_the_last_call_counts():
    source = martlet.Input((8, 8, 2))
    shared = layers.Conv2D(2, 3, name="shared")
    model = martlet.Model(source, layers.Flatten()(shared(shared(source))))
    x = image(0, (8, 8, 2))
    assert viz.class_activation(model, x, 0).shape == (4, 4)
    assert viz.feature_maps(model, x, "shared").get_suptitle() == "shared: 2 feature maps, 4 × 4"


def test_grad_cam_names_what_is_wrong(network):
    with pytest.raises(ValueError, match="class_index 3 is out of range; model 'network' has 3"):
        viz.grad_cam(network, image(), 3)
    with pytest.raises(ValueError, match="layer 'flat' gives"):
        viz.grad_cam(network, image(), 0, "flat")
    plain = martlet.Sequential([martlet.Input((4,)), layers.Dense(2)], name="plain")
    with pytest.raises(ValueError, match="model 'plain' has no convolution of its own"):
        viz.grad_cam(plain, np.zeros(4), 0)
    maps = martlet.Model(network.input, network.get_layer("pool").output, name="maps")
    with pytest.raises(ValueError, match="model 'maps' has outputs of shape"):
        viz.grad_cam(maps, image(), 0)
    unbuilt = martlet.Sequential([layers.Dense(2)], name="open")
    with pytest.raises(ValueError, match="model 'open' must be built"):
        viz.grad_cam(unbuilt, np.zeros(4), 0)


# ---- history ---------------------------------------------------------------------------------


def test_histories_are_drawn(classifier, blobs, tmp_path):
    x, y = blobs
    history = classifier.fit(x, y, epochs=4, verbose=0, validation_split=0.25, validation_freq=2)
    figure = saved(history.plot(), tmp_path)
    assert titles(figure) == ["loss", "accuracy"]
    training, validation = figure.axes[0].lines
    assert list(training.get_xdata()) == [1, 2, 3, 4]
    assert list(training.get_ydata()) == history.history["loss"]
    assert list(validation.get_xdata()) == [2, 4]
    assert list(validation.get_ydata()) == history.history["val_loss"]


def test_histories_are_tables_in_notebooks(classifier, blobs):
    history = classifier.fit(*blobs, epochs=2, verbose=0, validation_data=blobs, validation_freq=2)
    table = history._repr_html_()
    assert table.count("<tr>") == 3
    assert ">epoch</th>" in table and ">val_loss</th>" in table
    assert f">{history.history['loss'][1]:.4g}</td>" in table
    # Nothing was validated after the first epoch.
    assert table.count("></td>") == 2
    assert repr(history) == "<History of 2 epochs: accuracy, loss, val_accuracy, val_loss>"


def test_an_empty_history_has_no_curves():
    with pytest.raises(ValueError, match="the history holds no epoch"):
        martlet.callbacks.History().plot()


# ---- matplotlib ------------------------------------------------------------------------------


def test_missing_matplotlib_says_what_to_install():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import martlet\n"
        "try:\n    martlet.viz.images([[[1]]])\n"
        "except ImportError as error:\n    print(error)"
    )
    result = run(code)
    assert result.stdout == (
        'martlet.viz draws with matplotlib, which is not installed: pip install "martlet[viz]"\n'
    ), result.stderr


def test_matplotlib_is_not_loaded_before_it_is_needed():
    code = "import sys, martlet.viz; martlet.viz; print('matplotlib' in sys.modules)"
    assert run(code).stdout == "False\n"
    assert "viz" in dir(martlet) and "martlet.viz" in sys.modules


def test_drawing_leaves_the_style_alone():
    before = dict(pyplot.rcParams)
    viz.images(np.zeros((1, 2, 2)))
    assert dict(pyplot.rcParams) == before
