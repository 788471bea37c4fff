"""Networks with known names: side by side with Keras's, their weights in files, their errors."""

from __future__ import annotations

import doctest
import inspect
import json
import urllib.error
import urllib.request

import numpy as np
import pytest

import martlet
from martlet import Input, Model, applications, layers
from martlet.applications import imagenet_utils

h5py = pytest.importorskip("h5py")
keras = pytest.importorskip("keras")

pytestmark = pytest.mark.filterwarnings("ignore")  # the peer's own


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No caches, no network."""
    for name in ("MARTLET_DATA_DIR", "KERAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def refuse(*_arguments, **_options):
        raise urllib.error.URLError("no network in tests")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


@pytest.fixture
def peers(monkeypatch):
    """Keras's networks, without the minutes it takes to draw their weights and to compile them."""
    import jax

    zeros = lambda _self, shape, dtype=None: np.zeros(shape, np.float32)  # noqa: E731
    monkeypatch.setattr(keras.initializers.VarianceScaling, "__call__", zeros)
    keras.backend.clear_session()
    jax.config.update("jax_disable_most_optimizations", True)
    yield keras.applications
    jax.config.update("jax_disable_most_optimizations", False)


def answered(model, images):
    """What a network of Keras's predicts; compiled whole, which takes a fifth of the time."""
    import jax

    call = jax.jit(lambda *arguments: model.stateless_call(*arguments, training=False)[0])
    values = [
        [each.value for each in weights]
        for weights in (model.trainable_variables, model.non_trainable_variables)
    ]
    return np.asarray(call(*values, images.astype(np.float32)))


# ---- Side by side ----------------------------------------------------------------------------


def size(*extents):
    return {"input_shape": extents}


SOON = [
    ("VGG16", {**size(32, 40, 3), "classes": 7}),
    ("ResNet50", size(33, 40, 3)),
    ("ResNet50V2", {**size(32, 32, 3), "include_top": False, "pooling": "max"}),
    ("DenseNet121", {**size(32, 32, 3), "include_top": False, "pooling": "avg"}),
    ("MobileNet", {**size(33, 40, 3), "alpha": 0.25, "depth_multiplier": 2, "classes": 5}),
    ("MobileNetV2", {**size(33, 40, 3), "alpha": 0.35}),
    ("EfficientNetB0", {**size(33, 40, 3), "classes": 5, "classifier_activation": None}),
    ("InceptionV3", {**size(75, 76, 3), "classes": 5}),
    ("Xception", {**size(71, 72, 3), "include_top": False, "pooling": "avg"}),
]
LATER = [
    ("VGG19", {**size(32, 32, 1), "include_top": False, "pooling": "max"}),
    ("ResNet50", {**size(32, 32, 3), "include_top": False}),
    ("ResNet101", {**size(32, 32, 3), "include_top": False, "pooling": "avg"}),
    ("ResNet152", {**size(32, 32, 3), "include_top": False, "pooling": "max"}),
    ("ResNet50V2", size(33, 47, 3)),
    ("ResNet101V2", {**size(32, 32, 3), "include_top": False}),
    ("ResNet152V2", {**size(32, 32, 3), "include_top": False}),
    ("DenseNet121", size(33, 47, 3)),
    ("DenseNet169", {**size(32, 32, 3), "include_top": False}),
    ("DenseNet201", {**size(32, 32, 3), "include_top": False, "pooling": "max"}),
    ("MobileNet", {**size(32, 32, 1), "include_top": False, "pooling": "avg"}),
    ("MobileNet", {**size(64, 64, 3), "include_top": False}),
    ("MobileNetV2", {**size(64, 64, 3), "alpha": 1.4, "include_top": False, "pooling": "max"}),
    ("MobileNetV2", {**size(65, 32, 3), "alpha": 0.75}),
    ("EfficientNetB0", {**size(64, 64, 3), "include_top": False}),
    ("EfficientNetB1", {**size(32, 32, 3), "include_top": False, "pooling": "avg"}),
    ("EfficientNetB3", {**size(33, 47, 3), "include_top": False, "pooling": "max"}),
    ("EfficientNetB7", {**size(32, 32, 3), "include_top": False, "pooling": "avg"}),
    ("InceptionV3", {**size(75, 75, 3), "include_top": False, "pooling": "max"}),
    ("Xception", size(71, 83, 3)),
]


def cases():
    for number, (name, arguments) in enumerate(SOON):
        yield pytest.param(name, arguments, id=f"{name}-{number}")
    for number, (name, arguments) in enumerate(LATER, len(SOON)):
        yield pytest.param(name, arguments, id=f"{name}-{number}", marks=pytest.mark.nightly)


def weights_like(model):
    """Random weights with which values neither grow nor vanish on their way through."""
    random = np.random.default_rng(5)
    values = []
    for weight in model.weights:
        shape, kind = tuple(weight.shape), weight.path.rpartition("/")[2]
        value = random.uniform(-0.5, 0.5, shape)
        if kind in ("gamma", "moving_variance", "variance"):
            value = value + 1
        elif kind == "depthwise_kernel" or (kind == "kernel" and "conv_dw" in weight.path):
            value = value * np.sqrt(12 / (shape[0] * shape[1]))
        elif len(shape) > 1:
            # He et al. 2015: what a relu takes away.
            value = value * np.sqrt(24 / np.prod(shape[:-1]))
        values.append(value.astype(np.float32))
    return values


@pytest.mark.parametrize(("name", "arguments"), list(cases()))
def test_networks_are_kerass(name, arguments, peers):
    theirs = getattr(peers, name)(weights=None, **arguments)
    ours = getattr(applications, name)(weights=None, **arguments)
    assert ours.name == theirs.name
    assert [each.name for each in ours.layers] == [each.name for each in theirs.layers]
    assert [each.shape for each in ours.weights] == [tuple(w.shape) for w in theirs.weights]
    assert [each.trainable for each in ours.weights] == [w.trainable for w in theirs.weights]
    assert ours.count_params() == theirs.count_params()
    assert ours.output_shape == theirs.output_shape
    weights = weights_like(theirs)
    ours.set_weights(weights)
    theirs.set_weights(weights)
    pixels = 255 if name.startswith("Eff") else 1
    images = np.random.default_rng(6).uniform(0, pixels, (2, *ours.input_shape[1:]))
    expected = answered(theirs, images)
    # So that agreement says something.
    assert expected.std() > 1e-3 * np.abs(expected).max() > 0
    worst = np.abs(ours.predict(images, verbose=0) - expected).max()
    assert worst < 1e-4 * max(1, np.abs(expected).max())


@pytest.mark.nightly
def test_a_step_is_kerass(peers):
    images = np.random.default_rng(7).uniform(-1, 1, (8, 96, 96, 3)).astype(np.float32)
    losses, steps = [], []
    for module, library in ((applications, martlet), (peers, keras)):
        model = module.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=4)
        before = weights_like(model)
        model.set_weights(before)
        model.compile(library.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
        losses.append(float(model.train_on_batch(images, np.arange(8) % 4)))
        pairs = zip(model.get_weights(), before, strict=True)
        steps.append(np.concatenate([(new - old).ravel() for new, old in pairs]))
    assert abs(losses[0] - losses[1]) < 1e-5
    # Roundings that put values on the other side of a relu's kink add up over 52 layers: Keras
    # compiled with and without optimizations differs from itself by 0.5 % of the step's length.
    assert np.linalg.norm(steps[0] - steps[1]) < 0.02 * np.linalg.norm(steps[1])


@pytest.mark.parametrize("name", sorted({name for name, _ in SOON + LATER}))
def test_arguments_are_kerass(name):
    def arguments(function):
        return {
            key: parameter.default
            for key, parameter in inspect.signature(function).parameters.items()
        }

    assert arguments(getattr(applications, name)) == arguments(getattr(keras.applications, name))


def test_examples_run():
    """Their docstrings are not found by the module, because a decorator has made them."""
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for name in sorted({name for name, _ in SOON + LATER}):
        for each in finder.find(getattr(applications, name), name, module=False, globs={}):
            runner.run(each)
    results = runner.summarize(verbose=False)
    assert results.failed == 0 < results.attempted


# Of keras.applications' own documentation.
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("EfficientNetB0", 5_330_571),
        ("MobileNet", 4_253_864),
        ("MobileNetV2", 3_538_984),
        ("DenseNet121", 8_062_504),
        ("ResNet50", 25_636_712),
        ("ResNet50V2", 25_613_800),
        ("Xception", 22_910_480),
        ("InceptionV3", 23_851_784),
    ],
)
def test_parameters(name, count):
    model = getattr(applications, name)(weights=None)
    assert model.count_params() == count
    assert model.output_shape == (None, 1000)


def test_channels_first(monkeypatch):
    arguments = {"weights": None, "alpha": 0.35, "include_top": False, "pooling": "avg"}
    last = applications.MobileNetV2((33, 40, 3), **arguments)
    martlet.backend.clear_session()
    martlet.config.set_image_data_format("channels_first")
    try:
        first = applications.MobileNetV2((3, 33, 40), **arguments)
    finally:
        martlet.config.set_image_data_format("channels_last")
    assert [each.name for each in first.layers] == [each.name for each in last.layers]
    first.set_weights(last.get_weights())
    images = np.random.default_rng(1).uniform(-1, 1, (2, 33, 40, 3)).astype(np.float32)
    expected = last.predict(images, verbose=0)
    found = first.predict(images.transpose(0, 3, 1, 2), verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["EfficientNetB0", "MobileNetV2"])
def test_files(name, tmp_path, peers):
    model = getattr(applications, name)(**SMALL)
    model.set_weights(weights_like(model))
    model.save(tmp_path / "m.keras")
    images = np.random.default_rng(3).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    expected = model.predict(images, verbose=0)
    again = martlet.models.load_model(tmp_path / "m.keras")
    assert np.array_equal(again.predict(images, verbose=0), expected)
    theirs = answered(keras.models.load_model(tmp_path / "m.keras"), images)
    assert np.abs(theirs - expected).max() < 1e-4 * max(1, np.abs(expected).max())


def test_input_tensor():
    image = Input((32, 32, 1), name="grey")
    colours = layers.Concatenate(name="colours")([image, image, image])
    model = applications.VGG16(weights=None, input_tensor=colours, include_top=False)
    assert [each.name for each in model.layers[:3]] == ["grey", "colours", "block1_conv1"]
    assert model.input_shape == (None, 32, 32, 1)
    assert model.output_shape == (None, 1, 1, 512)


# ---- Weights in files ------------------------------------------------------------------------

SMALL = {"input_shape": (32, 32, 3), "include_top": False, "pooling": "avg", "weights": None}


@pytest.mark.parametrize("name", ["MobileNetV2", "VGG16"])
def test_files_of_keras_2_that_keras_writes(name, peers, tmp_path):
    from keras.src.legacy.saving import legacy_h5_format

    theirs = getattr(peers, name)(**SMALL)
    weights = weights_like(theirs)
    theirs.set_weights(weights)
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, theirs)
    ours = getattr(applications, name)(**{**SMALL, "weights": path})
    for found, expected in zip(ours.get_weights(), weights, strict=True):
        assert np.array_equal(found, expected)


def published(path, model, value):
    """A file in the form of the published ones: layers by name, weights by old names."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}_{'Wb'[index]}_1:0" for index in range(len(layer.weights))]
            group.attrs["weight_names"] = [each.encode() for each in names]
            for each, weight in zip(names, layer.weights, strict=True):
                group[each] = np.full(weight.shape, value, np.float32)


VGG_FEATURES = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"


@pytest.mark.parametrize(
    "place", ["MARTLET_DATA_DIR", "cache/martlet/models", "home/.keras/models"]
)
def test_published_weights_are_found(place, tmp_path, monkeypatch):
    folder = tmp_path / place
    folder.mkdir(parents=True)
    if place == "MARTLET_DATA_DIR":
        monkeypatch.setenv(place, str(folder))
    published(folder / VGG_FEATURES, applications.VGG16(**SMALL), 0.25)
    model = applications.VGG16(**{**SMALL, "weights": "imagenet"})
    assert all((each == 0.25).all() for each in model.get_weights())


@pytest.mark.parametrize(
    ("make", "name", "url"),
    [
        (
            lambda: applications.VGG16(),
            "vgg16_weights_tf_dim_ordering_tf_kernels.h5",
            "tensorflow/keras-applications/vgg16/",
        ),
        (
            lambda: applications.ResNet50(include_top=False),
            "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "tensorflow/keras-applications/resnet/",
        ),
        (
            lambda: applications.MobileNet((128, 128, 3), alpha=0.5),
            "mobilenet_5_0_128_tf.h5",
            "tensorflow/keras-applications/mobilenet/",
        ),
        (
            lambda: applications.MobileNetV2((100, 90, 3), alpha=1, include_top=False),
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
            "tensorflow/keras-applications/mobilenet_v2/",
        ),
        (
            lambda: applications.EfficientNetB0(include_top=False),
            "efficientnetb0_notop.h5",
            "keras-applications/",
        ),
        (
            lambda: imagenet_utils.decode_predictions(np.zeros((1, 1000))),
            "imagenet_class_index.json",
            "download.tensorflow.org/data/",
        ),
    ],
)
def test_offline_one_line_says_which_file_goes_where(make, name, url, tmp_path, capsys):
    with pytest.raises(OSError) as caught:
        make()
    assert str(caught.value) == (
        f"{name} is not here and cannot be downloaded: get "
        f"https://storage.googleapis.com/{url}{name} and put it at "
        f"{tmp_path / 'cache' / 'martlet' / 'models' / name}, or set MARTLET_DATA_DIR to its folder"
    )


def test_a_download_is_checked(monkeypatch):
    import io

    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO(b"no weights"))
    with pytest.raises(OSError, match="did not give the known file: its MD5 is"):
        applications.VGG16(include_top=False)


def test_weights_of_another_network(tmp_path):
    path = tmp_path / "w.h5"
    published(path, applications.VGG16(**SMALL), 0.25)
    with pytest.raises(ValueError, match="has 13 layers with weights .* model 'vgg19' has 16"):
        applications.VGG19(**{**SMALL, "weights": path})


def test_efficientnet_from_imagenet_divides_once_more(tmp_path, monkeypatch):
    monkeypatch.setattr(Model, "load_weights", lambda *_: None)
    monkeypatch.setattr(applications._published.Published, "path", lambda _: None)
    model = applications.EfficientNetB0(include_top=False, input_shape=(32, 32, 3))
    assert [each.name for each in model.layers[1:4]] == [
        "rescaling",
        "normalization",
        "rescaling_1",
    ]
    assert np.allclose(model.layers[3].get_config()["scale"], [2.0897, 2.1129, 2.1082], atol=1e-4)


# ---- What they refuse ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"weights": "imagnet"},
            "VGG16: weights must be None, 'imagenet' or the path of a file, got 'imagnet', and "
            "there is no such file; did you mean 'imagenet'?",
        ),
        (
            {"weights": "imagenet", "classes": 10},
            "VGG16: the weights of ImageNet tell 1000 classes apart, got classes=10; take "
            "include_top=False and put a Dense of your own on it, or weights=None",
        ),
        (
            {"weights": "imagenet", "classifier_activation": "relu"},
            "VGG16: with stored weights classifier_activation must be 'softmax' or None, got "
            "'relu'",
        ),
        (
            {"weights": "imagenet", "input_shape": (96, 96, 3)},
            "VGG16: input_shape=(96, 96, 3): with include_top=True and the weights of ImageNet it "
            "must be (224, 224, 3); other sizes go with include_top=False",
        ),
        (
            {"weights": "imagenet", "include_top": False, "input_shape": (96, 96, 1)},
            "VGG16: input_shape=(96, 96, 1): the weights of ImageNet are for 3 channels; repeat a "
            "grey one with Concatenate()([x, x, x]), or take weights=None",
        ),
        (
            {"input_shape": (31, 64, 3)},
            "VGG16: input_shape=(31, 64, 3): images must be at least 32 × 32; Resizing enlarges "
            "them",
        ),
        (
            {"input_shape": (64, 64)},
            "VGG16: input_shape=(64, 64): expected three numbers, such as (224, 224, 3), without "
            "the samples' axis",
        ),
        (
            {"include_top": False, "pooling": "average"},
            "unknown pooling of VGG16 'average'; did you mean 'avg'? Known are 'avg', 'max'.",
        ),
        (
            {"input_tensor": Input((32, 32, 3)), "input_shape": (64, 64, 3)},
            "VGG16: input_shape=(64, 64, 3), but input_tensor has the shape (32, 32, 3); leave "
            "input_shape out",
        ),
    ],
)
def test_arguments_that_do_not_fit(arguments, message):
    with pytest.raises(ValueError) as caught:
        applications.VGG16(**{"weights": None, **arguments})
    assert str(caught.value) == message


def test_open_extents_go_without_a_top():
    with pytest.raises(
        ValueError, match="a network with its top is for one size of images, such as"
    ):
        applications.VGG16(weights=None, input_shape=(None, None, 3))
    with pytest.raises(ValueError, match="the number of channels must be known"):
        applications.VGG16(weights=None, include_top=False, input_shape=(64, 64, None))


def test_an_input_tensor_is_a_symbol():
    with pytest.raises(TypeError, match="VGG16: input_tensor must be a symbol.* got ndarray"):
        applications.VGG16(weights=None, input_tensor=np.zeros((1, 32, 32, 3)))


def test_unpublished_alphas():
    with pytest.raises(ValueError, match="MobileNetV2: weights .* alpha in 0.35, .* got alpha=0.9"):
        applications.MobileNetV2(alpha=0.9)
    with pytest.raises(ValueError, match="MobileNet: weights .* depth_multiplier in 1, got"):
        applications.MobileNet(depth_multiplier=2)


# ---- Pixels and classes ----------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
@pytest.mark.parametrize("form", ["channels_last", "channels_first"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_pixels_are_kerass(mode, form, dtype):
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 3)).astype(dtype)
    if form == "channels_first":
        images = images.transpose(0, 3, 1, 2)
    for x in (images, images[0]):
        before = x.copy()
        found = imagenet_utils.preprocess_input(x, form, mode)
        assert np.array_equal(x, before)
        expected = keras.applications.imagenet_utils.preprocess_input(x.copy(), form, mode)
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "module",
    [
        *["vgg16", "vgg19", "resnet", "resnet50", "resnet_v2", "densenet", "mobilenet"],
        *["mobilenet_v2", "efficientnet", "inception_v3", "xception"],
    ],
)
def test_every_network_has_its_own(module):
    ours, theirs = getattr(applications, module), getattr(keras.applications, module)
    x = np.random.default_rng(0).uniform(0, 255, (2, 3, 4, 3)).astype(np.float32)
    np.testing.assert_allclose(
        ours.preprocess_input(x), theirs.preprocess_input(x.copy()), rtol=1e-6, atol=1e-6
    )
    assert ours.decode_predictions is imagenet_utils.decode_predictions


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
@pytest.mark.parametrize("form", ["channels_last", "channels_first"])
def test_pixels_of_symbols(mode, form):
    shape = (4, 5, 3) if form == "channels_last" else (3, 4, 5)
    image = Input(shape)
    model = Model(image, imagenet_utils.preprocess_input(image, form, mode))
    x = np.random.default_rng(0).uniform(0, 255, (2, *shape)).astype(np.float32)
    expected = imagenet_utils.preprocess_input(x, form, mode)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-6, atol=1e-6)


def test_pixels_that_do_not_fit():
    with pytest.raises(ValueError, match="unknown mode of preprocess_input 'tensorflow'"):
        imagenet_utils.preprocess_input(np.zeros((1, 1, 3)), mode="tensorflow")
    with pytest.raises(ValueError, match=r"expected images of 3 channels, .* shape \(4, 4, 1\)"):
        imagenet_utils.preprocess_input(np.zeros((4, 4, 1)))
    with pytest.raises(ValueError, match="data_format must be 'channels_last' or"):
        applications.efficientnet.preprocess_input(np.zeros((4, 4, 1)), "first")


def test_names_of_classes(tmp_path, monkeypatch):
    monkeypatch.setenv("MARTLET_DATA_DIR", str(tmp_path))
    classes = {str(index): [f"n{index:08}", f"thing_{index}"] for index in range(1000)}
    (tmp_path / "imagenet_class_index.json").write_text(json.dumps(classes))
    scores = np.zeros((2, 1000), np.float32)
    scores[0, [3, 7, 5]] = 0.25, 0.5, 0.125
    scores[1, 999] = 1
    first, second = applications.vgg16.decode_predictions(scores, top=3)
    assert [each[0] for each in first] == ["n00000007", "n00000003", "n00000005"]
    assert [each[1] for each in first] == ["thing_7", "thing_3", "thing_5"]
    assert [float(each[2]) for each in first] == [0.5, 0.25, 0.125]
    assert second[0] == ("n00000999", "thing_999", 1.0)
    assert len(imagenet_utils.decode_predictions(scores)[0]) == 5
    with pytest.raises(ValueError, match="top must be at least 1, got 0"):
        imagenet_utils.decode_predictions(scores, top=0)
    with pytest.raises(ValueError, match=r"of shape \(samples, 1000\), got \(2, 10\); only a"):
        imagenet_utils.decode_predictions(scores[:, :10])


# ---- Those that Keras does not have ----------------------------------------------------------


def test_lenet():
    model = applications.LeNet5()
    assert model.count_params() == 61_706
    assert [each.name for each in model.layers[1:]] == [
        *["c1", "s2", "c3", "s4", "flatten", "c5", "f6", "predictions"]
    ]
    with pytest.raises(ValueError, match="layer 'c3': a kernel of .* does not fit"):
        applications.LeNet5((8, 8, 1))


def test_unet():
    model = applications.UNet((32, 48, 1), classes=3, filters=4, depth=3, batch_normalization=True)
    assert model.output_shape == (None, 32, 48, 3)
    assert model.get_layer("predictions").get_config()["activation"] == "softmax"
    assert model.get_layer("up1_concat").output.shape == (None, 32, 48, 8)
    # The paper's, with one channel in and two classes out.
    assert applications.UNet((64, 64, 1), classes=2).count_params() == 31_030_658
    assert applications.UNet((16, 16, 1), dropout=0.5).get_layer("bottom_dropout") is not None


def test_a_unet_learns_a_mask():
    x = np.random.default_rng(4).uniform(0, 1, (64, 16, 16, 1)).astype(np.float32)
    # Bright against the mean of the neighbourhood, which takes more than a pixel to tell.
    rows = x + np.roll(x, 1, axis=1) + np.roll(x, -1, axis=1)
    mask = (rows > 1.5).astype(np.float32)
    martlet.utils.set_random_seed(2)
    model = applications.UNet((16, 16, 1), filters=8, depth=2)
    model.compile(martlet.optimizers.Adam(0.003), "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x, mask, batch_size=8, epochs=12, verbose=0).history
    assert history["accuracy"][-1] > 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"input_shape": (100, 64, 1)},
            "UNet: input_shape=(100, 64, 1): with depth=4 height and width must be multiples of "
            "16; Resizing(112, 64) makes them so, or take a smaller depth",
        ),
        (
            {"input_shape": (64, 64)},
            "UNet: input_shape=(64, 64): expected three numbers, such as (128, 128, 3), without "
            "the samples' axis",
        ),
        ({"depth": 0}, "UNet: depth must be at least 1, got 0"),
    ],
)
def test_unets_that_cannot_be(arguments, message):
    with pytest.raises(ValueError) as caught:
        applications.UNet(**arguments)
    assert str(caught.value) == message
