"""Images of any size: models whose height and width are left open."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import martlet
from martlet import Input, Model, Sequential, applications, layers

SIZES = [(12, 12), (30, 17), (9, 20), (12, 12)]


def network(library, shape):
    """A small network of convolutions with a residual block and a global pooling."""
    L = library.layers
    image = library.Input(shape, name="image")
    x = L.Conv2D(6, 3, padding="same", activation="relu", name="edges")(image)
    y = L.Conv2D(6, 3, padding="same", name="block")(x)
    x = L.Add(name="sum")([x, L.BatchNormalization(name="normal")(y)])
    x = L.MaxPooling2D(2, name="smaller")(x)
    x = L.GlobalAveragePooling2D(name="means")(x)
    return library.Model(image, L.Dense(3, activation="softmax", name="scores")(x))


def images(height, width, count=5):
    random = np.random.default_rng(height * 100 + width)
    return random.normal(size=(count, height, width, 3)).astype(np.float32)


LABELS = np.array([0, 1, 2, 0, 1])


@pytest.fixture
def model():
    model = network(martlet, (None, None, 3))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


# ---- Shapes -------------------------------------------------------------------------------------


def test_shapes_are_open(model):
    assert model.input_shape == (None, None, None, 3)
    assert model.get_layer("smaller").output.shape == (None, None, None, 6)
    assert model.output_shape == (None, 3)
    assert Input((None, 8)).shape == (None, None, 8)
    assert Input(batch_shape=(None, None, 5, 1)).shape == (None, None, 5, 1)
    shape = layers.Conv2D(4, 3).compute_output_shape((None, None, 9, 3))
    assert shape == (None, None, 7, 4)


def test_summaries_and_drawings_show_none(model, capsys):
    model.summary(line_length=100)
    assert "(None, None, None, 6)" in capsys.readouterr().out
    drawing = martlet.utils.plot_model(model, to_file=None, show_shapes=True)
    assert "(None, None, None, 6)" in drawing._repr_svg_()
    assert "  height     = ⌈height / stride⌉\n" in model.explain()
    assert "channels   = filters = 6" in model.explain()
    assert "made of its points" in model.explain()
    assert "Input((None, None, 3))" in repr(Sequential([Input((None, None, 3))]))


# ---- Numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_predictions_are_those_of_a_model_for_the_size(model, size):
    closed = network(martlet, (*size, 3))
    closed.set_weights(model.get_weights())
    x = images(*size)
    np.testing.assert_array_equal(model.predict(x, verbose=0), closed.predict(x, verbose=0))
    np.testing.assert_array_equal(model(x), closed(x))


def test_images_of_features_have_the_size_of_the_images(model):
    features = Model(model.input, model.get_layer("smaller").output)
    for height, width in SIZES:
        found = features.predict(images(height, width), verbose=0)
        assert found.shape == (5, height // 2, width // 2, 6)
    assert features.output_shape == (None, None, None, 6)


@pytest.mark.filterwarnings("ignore")  # the peer's own
def test_training_is_kerass():
    keras = pytest.importorskip("keras")
    ours, theirs = (network(library, (None, None, 3)) for library in (martlet, keras))
    theirs.set_weights([each + 0.1 for each in theirs.get_weights()])
    ours.set_weights(theirs.get_weights())
    assert ours.output_shape == theirs.output_shape
    assert ours.get_layer("smaller").output.shape == theirs.get_layer("smaller").output.shape
    results = []
    for library, model in ((martlet, ours), (keras, theirs)):
        model.compile(library.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
        losses = [float(model.train_on_batch(images(*size), LABELS)) for size in SIZES]
        losses.append(float(model.evaluate(images(*SIZES[1]), LABELS, verbose=0)))
        results.append(losses)
    # Sums of some hundred products in another order, over four steps.
    np.testing.assert_allclose(*results, rtol=1e-5)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, atol=2e-6)


def test_batches_of_several_sizes_in_one_epoch(model):
    def batches():
        while True:
            yield from ((images(*size), LABELS) for size in SIZES)

    history = model.fit(batches(), steps_per_epoch=4, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert np.isfinite(history.history["loss"]).all()
    whole = model.evaluate(itertools.islice(batches(), 4), verbose=0)
    parts = [model.evaluate(images(*size), LABELS, verbose=0) for size in SIZES]
    np.testing.assert_allclose(whole, np.mean(parts, axis=0), rtol=1e-6)
    xs = (images(*size) for size in SIZES)
    assert model.predict(xs, verbose=0).shape == (20, 3)


def test_pixel_by_pixel_outputs_train():
    image = Input((None, None, 3))
    masks = layers.Conv2D(1, 1, activation="sigmoid")(image)
    model = Model(image, masks)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    for height, width in SIZES:
        x = images(height, width)
        y = (x.mean(axis=-1, keepdims=True) > 0).astype(np.float32)
        model.fit(x, y, epochs=2, batch_size=2, verbose=0)
        assert model.predict(x, verbose=0).shape == y.shape
    with pytest.raises(
        ValueError, match=r"y has shape \(5, 12, 11, 1\).* expects \(5, 12, 12, 1\)"
    ):
        model.evaluate(images(12, 12), np.zeros((5, 12, 11, 1)), verbose=0)


def test_sequences_of_any_length():
    sequence = Input((None, 4))
    x = layers.Conv1D(6, 3, padding="causal")(sequence)
    model = Model(sequence, layers.GlobalMaxPooling1D()(x))
    for length in (1, 5, 40):
        assert model.predict(np.ones((2, length, 4)), verbose=0).shape == (2, 6)


def test_profiles_and_gradients(model):
    assert model.profile(images(9, 20), LABELS).training
    found = martlet.viz.grad_cam(model, images(30, 17)[0], layer="smaller")
    assert found is not None


# ---- Other ways in ------------------------------------------------------------------------------


def test_a_sequential_is_built_open():
    model = Sequential([layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()])
    model.build((None, None, None, 3))
    assert model.input_shape == (None, None, None, 3)
    assert model.predict(images(9, 20), verbose=0).shape == (5, 4)


def test_an_open_model_stands_in_one_for_a_size(model):
    features = Model(model.input, model.get_layer("smaller").output)
    image = Input((12, 16, 3))
    x = features(image)
    assert x.shape == (None, 6, 8, 6)
    scores = layers.Dense(2)(layers.Flatten()(x))
    assert Model(image, scores).predict(images(12, 16), verbose=0).shape == (5, 2)


def test_layers_of_ones_own():
    class Squeezed(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = layers.Conv2D(4, 3)

        def call(self, x):
            assert x.shape[1:] == (None, None, 3)
            return martlet.ops.mean(self.inner(x), axis=(1, 2))

    image = Input((None, None, 3))
    model = Model(image, Squeezed()(image))
    assert model.output_shape == (None, 4)
    assert model.predict(images(9, 20), verbose=0).shape == (5, 4)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_files_keep_sizes_open(model, ending, tmp_path):
    pytest.importorskip("h5py")
    path = tmp_path / f"model{ending}"
    model.save(path)
    again = martlet.models.load_model(path)
    assert again.input_shape == (None, None, None, 3)
    x = images(9, 20)
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.filterwarnings("ignore")  # the peer's own
def test_files_go_to_keras_and_back(model, tmp_path):
    keras = pytest.importorskip("keras")
    model.save(tmp_path / "ours.keras")
    theirs = keras.models.load_model(tmp_path / "ours.keras")
    assert theirs.input_shape == (None, None, None, 3)
    theirs.save(tmp_path / "theirs.keras")
    again = martlet.models.load_model(tmp_path / "theirs.keras")
    x = images(9, 20)
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    np.testing.assert_allclose(theirs.predict(x, verbose=0), again.predict(x, verbose=0), atol=1e-6)


def test_configurations_and_copies(model):
    for again in (Model.from_config(model.get_config()), martlet.models.clone_model(model)):
        assert again.input_shape == (None, None, None, 3)
        assert again.output_shape == (None, 3)


# ---- What needs the size ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda image: layers.Dense(10, name="scores")(layers.Flatten()(image)),
            "layer 'scores': its weight 'kernel' of shape (None, 10) needs a size that Input "
            "leaves open; received an input of shape (None, None). Give Input that size, or put "
            "before this layer one whose output does not depend on it, such as "
            "GlobalAveragePooling2D in place of Flatten",
        ),
        (
            lambda image: layers.Reshape((64, 3), name="form")(image),
            "layer 'form': the total size of the tensor must be unchanged, received an input of "
            "shape (None, None, None, 3) with None elements, target_shape=(64, 3); None is a size "
            "that Input leaves open",
        ),
        (
            lambda image: layers.Concatenate(name="both")([image, layers.MaxPooling2D()(image)]),
            "layer 'both': inputs must have matching shapes except for the concatenation axis -1, "
            "received (None, None, None, 3), (None, None, None, 3); Cropping2D, ZeroPadding2D or "
            "Resizing bring images to one size; None is a size that Input leaves open; the inputs "
            "come from 'image', 'max_pooling2d'",
        ),
    ],
)
def test_layers_that_need_the_size_say_so(make, message):
    with pytest.raises(ValueError) as caught:
        make(Input((None, None, 3), name="image"))
    assert str(caught.value) == message


def test_data_that_does_not_fit(model):
    with pytest.raises(ValueError, match=r"input 'image' expects \(None, None, None, 3\)"):
        model.predict(np.zeros((2, 8, 8, 2)), verbose=0)
    with pytest.raises(ValueError, match="use x\\[None\\]"):
        model.predict(np.zeros((8, 8, 3)), verbose=0)
    with pytest.raises(ValueError, match="layer 'smaller': .* does not fit .*None, 1, 8, 6"):
        model.predict(np.zeros((2, 1, 8, 3)), verbose=0)
    with pytest.raises(ValueError, match="shape .None, 0. has an extent below 1"):
        Input((None, 0))
    assert model.predict(images(9, 20), verbose=0).shape == (5, 3)


# ---- Applications -------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")  # the peer's own
@pytest.mark.parametrize("name", ["VGG16", "MobileNetV2", "EfficientNetB0"])
def test_features_of_applications(name):
    keras = pytest.importorskip("keras")
    keras.backend.clear_session()
    peers = keras.applications
    ours = getattr(applications, name)(weights=None, include_top=False)
    theirs = getattr(peers, name)(weights=None, include_top=False)
    assert ours.name == theirs.name
    assert ours.input_shape == theirs.input_shape == (None, None, None, 3)
    assert ours.output_shape == theirs.output_shape
    assert [each.name for each in ours.layers] == [each.name for each in theirs.layers]
    found = ours.predict(np.zeros((1, 64, 96, 3)), verbose=0)
    assert found.shape == (1, 2, 3, ours.output_shape[-1])


# ---- With losses, operations and files ----------------------------------------------------------


def segmenting(size):
    """A network that paints each point, with its loss and a metric in words of one's own."""
    ops = martlet.ops

    def dice_loss(y_true, y_pred):
        both = ops.sum(y_true * y_pred, axis=(1, 2, 3))
        either = ops.sum(y_true, axis=(1, 2, 3)) + ops.sum(y_pred, axis=(1, 2, 3))
        return 1 - (2 * both + 1) / (either + 1)

    class Painted(martlet.metrics.Metric):
        def __init__(self):
            super().__init__(name="painted")
            self.total = self.add_weight(name="total")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.total.assign_add(y_pred.size)

        def result(self):
            return self.total

    image = Input((*size, 3))
    x = ops.pad(image[..., ::-1], ((0, 0), (1, 1), (1, 1), (0, 0)))
    x = layers.Conv2D(4, 3, activation="relu")(x)
    model = Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x))
    model.compile("sgd", dice_loss, metrics=[dice_loss, Painted()])
    return model


def test_losses_and_metrics_of_ones_own_meet_every_size():
    model = segmenting((None, None))
    weights = model.get_weights()
    for height, width in SIZES:
        fixed = segmenting((height, width))
        fixed.set_weights(weights)
        model.set_weights(weights)
        x = images(height, width)
        y = (images(height, width)[..., :1] > 0).astype(np.float32)
        expected = fixed.fit(x, y, epochs=2, shuffle=False, verbose=0).history
        assert model.fit(x, y, epochs=2, shuffle=False, verbose=0).history == expected
        assert expected["painted"] == [y.size] * 2
        for ours, theirs in zip(model.get_weights(), fixed.get_weights(), strict=True):
            assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("ending", ["keras", "safetensors"])
def test_files_with_parts_of_symbols(ending, tmp_path):
    image = Input((None, None, 3))
    model = Model(image, layers.Conv2D(2, 3)(image[..., ::-1]))
    path = tmp_path / f"model.{ending}"
    model.save(path)
    loaded = martlet.models.load_model(path)
    assert loaded.input_shape == (None, None, None, 3)
    x = images(9, 11)
    assert loaded.predict(x, verbose=0).tobytes() == model.predict(x, verbose=0).tobytes()


def test_parts_of_an_open_axis_are_refused():
    image = Input((None, None, 3))
    with pytest.raises(IndexError) as error:
        image[:, 1:]
    assert str(error.value) == (
        "x[...] of a symbol of shape (None, None, None, 3): axes whose size Input leaves open are "
        "taken whole, by ':', got slice(1, None, None); give Input the size"
    )
    with pytest.raises(ValueError) as refused:
        martlet.ops.pad(Input((None, 3)), ((0, 0), (1, 1), (0, 0)))
    assert str(refused.value) == (
        "ops.pad of a symbol of shape (None, None, 3): beside rows and columns of images, sizes "
        "must be known; give Input the size that it leaves open"
    )
