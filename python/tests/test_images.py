"""Images: files, folders of them, and the layers that prepare and augment them."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest

import martlet
from martlet import layers, utils

PIL = pytest.importorskip("PIL.Image")

# ---- Single images ------------------------------------------------------------------------------


@pytest.fixture
def picture() -> np.ndarray:
    """Colours that differ along both axes."""
    rows, columns = np.mgrid[0:12, 0:20]
    return np.stack([rows * 20, columns * 12, 255 - rows * 5 - columns], -1).astype(np.uint8)


def saved(folder, name, array, mode=None):
    path = folder / name
    image = PIL.fromarray(array)
    (image.convert(mode) if mode else image).save(path)
    return path


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "P", "1", "LA"])
@pytest.mark.parametrize("color_mode", ["grayscale", "rgb", "rgba"])
def test_colours_are_those_of_keras(tmp_path, picture, mode, color_mode):
    import keras

    ending = "jpg" if mode == "CMYK" else "png"
    path = saved(tmp_path, f"a.{ending}", picture, mode)
    found = utils.load_img(path, color_mode=color_mode)
    expected = keras.utils.load_img(path, color_mode=color_mode)
    assert found.mode == expected.mode
    np.testing.assert_array_equal(utils.img_to_array(found), keras.utils.img_to_array(expected))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos", "box"])
@pytest.mark.parametrize("size", [(5, 7), (30, 11), (12, 20)])
@pytest.mark.parametrize("keeps", [False, True])
def test_sizes_are_those_of_keras(tmp_path, picture, interpolation, size, keeps):
    import keras

    path = saved(tmp_path, "a.png", picture)
    arguments = {
        "target_size": size,
        "interpolation": interpolation,
        "keep_aspect_ratio": keeps,
    }
    found = utils.img_to_array(utils.load_img(path, **arguments))
    expected = keras.utils.img_to_array(keras.utils.load_img(path, **arguments))
    assert found.shape == (*size, 3) and found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_deep_grey_keeps_its_depth(tmp_path):
    values = np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000
    path = saved(tmp_path, "a.png", values)
    loaded = utils.img_to_array(utils.load_img(path, color_mode="grayscale"))
    np.testing.assert_array_equal(loaded[..., 0], values)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("scale", [True, False])
def test_arrays_become_the_images_of_keras(channels, scale):
    import keras

    x = np.random.default_rng(1).normal(100, 30, (6, 5, channels)).clip(0, 255)
    found, expected = utils.array_to_img(x, scale=scale), keras.utils.array_to_img(x, scale=scale)
    assert found.mode == expected.mode
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))
    first = utils.array_to_img(np.moveaxis(x, -1, 0), data_format="channels_first", scale=scale)
    np.testing.assert_array_equal(np.asarray(first), np.asarray(expected))
    assert utils.img_to_array(found, data_format="channels_first").shape == (channels, 6, 5)


def test_images_come_back_from_files(tmp_path, picture):
    utils.save_img(tmp_path / "a.png", picture, scale=False)
    np.testing.assert_array_equal(utils.img_to_array(utils.load_img(tmp_path / "a.png")), picture)
    content = io.BytesIO((tmp_path / "a.png").read_bytes())
    assert utils.load_img(content).size == (20, 12)
    deep = utils.array_to_img(np.full((2, 2, 1), 300.0), scale=False)
    assert deep.mode == "I" and np.asarray(deep).max() == 300
    flat = utils.array_to_img(np.full((2, 2, 1), 7.0))
    assert np.asarray(flat).max() == 0
    with_alpha = np.concatenate([picture, picture[..., :1]], -1)
    with pytest.warns(UserWarning, match="^JPEG files have no transparency"):
        utils.save_img(tmp_path / "b.jpg", with_alpha)
    assert utils.load_img(tmp_path / "b.jpg", color_mode="rgba").mode == "RGBA"


def test_mistakes_with_images(tmp_path, picture):
    with pytest.raises(FileNotFoundError, match=r"^there is no image file .*/none\.png"):
        utils.load_img(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(ValueError, match=r"text\.png cannot be read as an image"):
        utils.load_img(tmp_path / "text.png")
    path = saved(tmp_path, "a.png", picture)
    (tmp_path / "cut.png").write_bytes(path.read_bytes()[:-60])
    with pytest.raises(ValueError, match=r"cut\.png cannot be read as an image"):
        utils.load_img(tmp_path / "cut.png")
    with pytest.raises(ValueError, match="^unknown color_mode 'rgbb'; did you mean 'rgb'"):
        utils.load_img(path, color_mode="rgbb")
    with pytest.raises(
        ValueError, match="^unknown interpolation 'biliner'; did you mean 'bilinear'"
    ):
        utils.load_img(path, target_size=(2, 2), interpolation="biliner")
    with pytest.raises(ValueError, match=r"^target_size must be \(height, width\), two integers"):
        utils.load_img(path, target_size=(2, 0))
    with pytest.raises(TypeError, match="^path must be a path or io.BytesIO, got int"):
        utils.load_img(3)
    with pytest.raises(
        ValueError, match=r"^array_to_img: expected one image .* got shape \(2, 2\)"
    ):
        utils.array_to_img(np.ones((2, 2)))
    with pytest.raises(ValueError, match="^array_to_img: an image has 1, 3 or 4 channels, got 2"):
        utils.array_to_img(np.ones((2, 2, 2)))
    with pytest.raises(ValueError, match=r"^img_to_array: expected .* got shape \(3,\)"):
        utils.img_to_array(np.ones(3))
    with pytest.raises(
        ValueError, match="^data_format must be 'channels_last' or .* got 'channels_frist'"
    ):
        utils.img_to_array(np.ones((3, 3)), data_format="channels_frist")


def test_without_pillow_the_message_says_what_to_install():
    program = (
        "import sys; sys.modules['PIL'] = None\n"
        "import martlet\n"
        "try:\n    martlet.utils.load_img('a.png')\n"
        "except ImportError as error:\n    print(error)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert shown.stdout.strip() == (
        'images need Pillow, which is not installed; install it with: pip install "martlet[images]"'
    ), shown.stderr


# ---- Folders ------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, picture):
    """Nine images in three classes, and files that do not count."""
    for number, name in enumerate(["cats", "birds", "dogs"]):
        (tmp_path / name).mkdir()
        for index in range(3):
            # What an image shows tells which one it is.
            saved(tmp_path / name, f"{index}.png", np.full_like(picture, 10 * number + index))
    (tmp_path / ".hidden").mkdir()
    saved(tmp_path / ".hidden", "0.png", picture)
    (tmp_path / "cats" / "._0.png").write_text("")
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "dogs" / "notes.txt").write_text("")
    return tmp_path


def read(folder, **arguments):
    arguments = {"image_size": (6, 10), "verbose": False, "seed": 3} | arguments
    return utils.image_dataset_from_directory(folder, **arguments)


def everything(data):
    images, labels = zip(*data, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def test_a_folder_becomes_batches(folder, capsys):
    data = read(folder, shuffle=False, batch_size=4, verbose=True)
    assert capsys.readouterr().out == "Found 9 files belonging to 3 classes.\n"
    assert data.class_names == ["birds", "cats", "dogs"] and len(data) == 3
    assert len(data.file_paths) == 9 and data.file_paths[0].endswith("birds/0.png")
    batches = list(data)
    assert [images.shape for images, _ in batches] == [(4, 6, 10, 3), (4, 6, 10, 3), (1, 6, 10, 3)]
    images, labels = everything(data)
    assert images.dtype == np.float32 and labels.dtype == np.int32
    np.testing.assert_array_equal(labels, [0, 0, 0, 1, 1, 1, 2, 2, 2])
    np.testing.assert_array_equal(images[:, 0, 0, 0], [10, 11, 12, 0, 1, 2, 20, 21, 22])


def test_files_and_parts_are_those_of_keras(folder):
    from keras.src.utils import dataset_utils

    arguments = {"labels": "inferred", "formats": (".png",), "verbose": False}
    # Keras would also take hidden files.
    (folder / "cats" / "._0.png").unlink()
    paths, labels, names = dataset_utils.index_directory(
        str(folder), shuffle=True, seed=3, **arguments
    )
    data = read(folder)
    assert (data.file_paths, data.class_names) == (paths, names)
    parts = {"validation_split": 0.4, "seed": 3}
    training, validation = read(folder, subset="both", **parts)
    for subset, made in (("training", training), ("validation", validation)):
        expected, _ = dataset_utils.get_training_or_validation_split(paths, labels, 0.4, subset)
        assert made.file_paths == expected
        assert read(folder, subset=subset, **parts).file_paths == expected
    assert len(validation.file_paths) == 3


def test_what_images_and_labels_look_like(folder):
    _, labels = everything(read(folder, shuffle=False, label_mode="categorical"))
    assert labels.dtype == np.float32
    np.testing.assert_array_equal(labels, np.repeat(np.eye(3), 3, axis=0))
    two = read(folder, shuffle=False, label_mode="binary", class_names=["dogs", "cats"])
    images, labels = everything(two)
    assert labels.dtype == np.float32
    np.testing.assert_array_equal(labels, [[0], [0], [0], [1], [1], [1]])
    np.testing.assert_array_equal(images[:, 0, 0, 0], [20, 21, 22, 0, 1, 2])
    assert next(iter(read(folder, labels=None))).shape == (9, 6, 10, 3)
    assert next(iter(read(folder, label_mode=None, batch_size=None))).shape == (6, 10, 3)
    own = read(folder, labels=[5, 5, 5, 7, 7, 7, 9, 9, 9], shuffle=False)
    assert own.class_names == ["5", "7", "9"]
    np.testing.assert_array_equal(everything(own)[1], [5, 5, 5, 7, 7, 7, 9, 9, 9])
    assert everything(read(folder, color_mode="grayscale"))[0].shape == (9, 6, 10, 1)
    assert everything(read(folder, color_mode="rgba"))[0].shape == (9, 6, 10, 4)
    assert everything(read(folder, data_format="channels_first"))[0].shape == (9, 3, 6, 10)
    one_by_one = list(read(folder, batch_size=None))
    assert len(one_by_one) == 9 and one_by_one[0][0].shape == (6, 10, 3)


def test_the_same_seed_gives_the_same_order(folder):
    data, again = read(folder), read(folder)
    passes = [everything(data)[1].tolist() for _ in range(3)]
    assert passes == [everything(again)[1].tolist() for _ in range(3)]
    assert len(set(map(tuple, passes))) > 1
    assert [sorted(labels) for labels in passes] == [[0, 0, 0, 1, 1, 1, 2, 2, 2]] * 3
    np.random.seed(4)
    first = read(folder, seed=None).file_paths
    np.random.seed(4)
    assert read(folder, seed=None).file_paths == first


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("way", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [(5, 7), (30, 11), (12, 20), (3, 40)])
def test_pixels_are_those_of_keras(tmp_path, picture, interpolation, way, size):
    import keras

    path = saved(tmp_path, "a.png", picture)
    arguments = {f"{way}_to_aspect_ratio": True} if way != "stretch" else {}
    data = read(tmp_path, labels=None, image_size=size, interpolation=interpolation, **arguments)
    expected = keras.ops.image.resize(
        np.asarray(PIL.open(path), np.float32), size, interpolation, **arguments
    )
    # Keras finds places in single precision: errors of some 1e-6 of a point.
    np.testing.assert_allclose(next(iter(data))[0], expected, atol=1e-3)


def test_mistakes_with_folders(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="none is no folder; expected one with a subfolder"):
        read(folder / "none")
    with pytest.raises(FileNotFoundError, match=r"notes\.txt is a file; expected one with"):
        read(folder / "notes.txt")
    (folder / "empty").mkdir()
    with pytest.raises(ValueError, match="empty has no subfolders; .* or labels=None for images"):
        read(folder / "empty")
    with pytest.raises(ValueError, match=r"empty holds no images; files ending in \.bmp, \.gif"):
        read(folder / "empty", labels=None)
    (folder / "empty" / "one").mkdir()
    with pytest.raises(ValueError, match=r"^the subfolders \['one'\] of .*empty hold no images"):
        read(folder / "empty")
    with pytest.raises(ValueError, match=r"^class_names: .* has \['birds', .*, but no \['fish'\]"):
        read(folder, class_names=["fish"])
    with pytest.raises(ValueError, match="^class_names go with labels='inferred' only"):
        read(folder, class_names=["fish"], labels=None)
    with pytest.raises(ValueError, match="^labels: got 2 for the 9 images in"):
        read(folder, labels=[1, 2])
    with pytest.raises(TypeError, match="^labels must be 'inferred', None or a list"):
        read(folder, labels="infered")
    with pytest.raises(ValueError, match="^label_mode='binary' needs two classes, got 4"):
        read(folder, label_mode="binary")
    with pytest.raises(ValueError, match="^unknown label_mode 'categorial'; did you mean 'categ"):
        read(folder, label_mode="categorial")
    with pytest.raises(ValueError, match="^validation_split and subset must be given together"):
        read(folder, validation_split=0.2)
    with pytest.raises(ValueError, match="^validation_split with shuffle=True needs a seed"):
        read(folder, validation_split=0.2, subset="training", seed=None)
    with pytest.raises(ValueError, match="^unknown subset 'trainig'; did you mean 'training'"):
        read(folder, validation_split=0.2, subset="trainig")
    with pytest.raises(ValueError, match=r"^validation_split=0.01 of 9 files leaves 0 for valid"):
        read(folder, validation_split=0.01, subset="training")
    with pytest.raises(ValueError, match="^image_size must be"):
        read(folder, image_size=(0, 3))
    with pytest.raises(ValueError, match="^batch_size must be an integer from 1 up or None, got 0"):
        read(folder, batch_size=0)
    with pytest.raises(ValueError, match="exclude each other"):
        read(folder, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)


def test_a_broken_file_is_named(folder):
    (folder / "dogs" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not an image")
    with pytest.raises(ValueError, match=r"dogs/broken\.jpg cannot be read as an image"):
        list(read(folder))


def test_data_sets_in_chains(folder):
    data = read(folder, shuffle=False, batch_size=2)
    assert len(data.take(2)) == 2 and len(list(data.take(2))) == 2
    assert len(data.skip(1)) == 4 and len(list(data.skip(1))) == 4
    assert len(data.take(-1)) == 5 and data.prefetch(-1) is data
    doubled = data.map(lambda x, y: (x * 2, y), num_parallel_calls=-1)
    assert doubled.class_names == data.class_names
    np.testing.assert_array_equal(everything(doubled)[0], everything(data)[0] * 2)
    bigger = data.unbatch().batch(4)
    assert [len(labels) for _, labels in bigger] == [4, 4, 1]
    assert [len(labels) for _, labels in data.unbatch().batch(4, drop_remainder=True)] == [4, 4]
    with pytest.raises(TypeError, match="length of this data set shows only when"):
        len(data.unbatch())
    mixed = data.shuffle(10, seed=1)
    assert sorted(len(labels) for _, labels in mixed) == [1, 2, 2, 2, 2]
    assert len(list(data.repeat(3))) == len(data.repeat(3)) == 15
    assert len(list(data.repeat().take(12))) == 12
    assert repr(data) == "<Dataset of 5 elements>"
    assert next(read(folder, labels=None).map(lambda x: x[:1]).as_numpy_iterator()).shape[0] == 1


def test_a_cache_reads_files_once(folder):
    data = read(folder, shuffle=False).cache()
    first = everything(data)
    for path in folder.glob("*/*.png"):
        path.unlink()
    again = everything(data)
    np.testing.assert_array_equal(again[0], first[0])
    with pytest.raises(NotImplementedError, match="^Dataset.cache: filename="):
        data.cache("here")


def test_a_folder_trains_a_network(folder):
    training, validation = read(
        folder, validation_split=0.4, subset="both", batch_size=4, image_size=(8, 8)
    )
    model = martlet.Sequential(
        [
            layers.Rescaling(1 / 255),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.1),
            layers.RandomZoom(0.1),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    model.compile(
        "adam",
        martlet.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(training.cache(), validation_data=validation, epochs=3, verbose=0)
    assert model.input_shape == (None, 8, 8, 3)
    assert len(history.history["val_accuracy"]) == 3
    assert model.predict(validation, verbose=0).shape == (3, 3)


def test_real_photographs(data_folder):
    pictures = data_folder / "images_by_class"
    if not pictures.is_dir():
        pytest.skip("no folder images_by_class")
    data = read(pictures, image_size=(32, 32))
    images, labels = everything(data)
    assert images.shape == (200, 32, 32, 3) and len(data.class_names) == 10
    np.testing.assert_array_equal(np.bincount(labels), np.bincount(labels).max())
    assert images.min() >= 0 and 200 < images.max() <= 255


# ---- Layers -------------------------------------------------------------------------------------


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(2).uniform(0, 255, (3, 9, 12, 3)).astype(np.float32)


@pytest.mark.parametrize("size", [(4, 5), (20, 30), (9, 12), (1, 1), (13, 6)])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize(
    "way",
    [
        {},
        {"crop_to_aspect_ratio": True},
        {"pad_to_aspect_ratio": True},
        {"pad_to_aspect_ratio": True, "fill_mode": "constant", "fill_value": 80.5},
    ],
)
def test_resizing(images, size, interpolation, way):
    import keras

    arguments = {"interpolation": interpolation, **way}
    expected = keras.layers.Resizing(*size, **arguments)(images)
    # Keras finds places in single precision: errors of some 1e-6 of a point.
    np.testing.assert_allclose(layers.Resizing(*size, **arguments)(images), expected, atol=1e-3)


@pytest.mark.parametrize("size", [(4, 5), (9, 12), (3, 2), (12, 5), (20, 20)])
def test_center_crop(images, size):
    import keras

    expected = keras.layers.CenterCrop(*size)(images)
    np.testing.assert_allclose(layers.CenterCrop(*size)(images), expected, atol=1e-4)


def test_random_crop(images):
    layer = layers.RandomCrop(5, 7, seed=3)
    image = images[0]
    windows = np.lib.stride_tricks.sliding_window_view(image, (5, 7, 3))[:, :, 0]
    places = set()
    for _ in range(200):
        first, second = layer(np.stack([image, image]), training=True)
        np.testing.assert_array_equal(first, second)
        rows, columns = np.nonzero((windows == first).all((2, 3, 4)))
        places.add((int(rows[0]), int(columns[0])))
    # 5 rows times 6 columns: the chance that one is missed is 30 * (29 / 30) ** 200.
    assert len(places) > 28
    again = layers.RandomCrop(5, 7, seed=3)
    np.testing.assert_array_equal(
        again(images, training=True), layers.RandomCrop(5, 7, seed=3)(images, training=True)
    )


@pytest.mark.parametrize("size", [(9, 7), (5, 12), (9, 12), (18, 24)])
def test_random_crop_of_images_without_room(images, size):
    import keras

    layer = layers.RandomCrop(*size)
    found = layer(images, training=True)
    expected = keras.layers.RandomCrop(*size)(images, training=True)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_array_equal(layer(images, training=False), found)


def test_random_crop_outside_training(images):
    layer = layers.RandomCrop(4, 4)
    # What Keras documents; what it does is to leave images as they were.
    expected = layers.Resizing(4, 4, crop_to_aspect_ratio=True)(images)
    np.testing.assert_array_equal(layer(images, training=False), expected)
    model = martlet.Sequential([martlet.Input((9, 12, 3)), layer])
    assert model.output_shape == (None, 4, 4, 3)
    np.testing.assert_array_equal(model.predict(images, verbose=0), expected)


FIXED = [
    ("RandomRotation", {"factor": (0.07, 0.07)}),
    ("RandomRotation", {"factor": (-0.3, -0.3)}),
    ("RandomZoom", {"height_factor": (0.3, 0.3)}),
    ("RandomZoom", {"height_factor": (-0.4, -0.4), "width_factor": (0.25, 0.25)}),
    ("RandomTranslation", {"height_factor": (0.3, 0.3), "width_factor": (-0.45, -0.45)}),
]


@pytest.mark.parametrize(("name", "factors"), FIXED)
@pytest.mark.parametrize("fill_mode", ["constant", "nearest", "reflect", "wrap"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_motions_are_those_of_keras(images, name, factors, fill_mode, interpolation):
    import keras

    arguments = {**factors, "fill_mode": fill_mode, "interpolation": interpolation, "fill_value": 9}
    expected = getattr(keras.layers, name)(**arguments)(images, training=True)
    layer = getattr(layers, name)(**arguments)
    # Keras finds places in single precision: errors of some 1e-6 points, between which values
    # differ by up to 255.
    np.testing.assert_allclose(layer(images, training=True), expected, atol=5e-3)
    np.testing.assert_array_equal(layer(images, training=False), images)


@pytest.mark.parametrize(
    ("mode", "possible"),
    [
        ("horizontal", [np.s_[:, :], np.s_[:, ::-1]]),
        ("vertical", [np.s_[:, :], np.s_[::-1, :]]),
        ("horizontal_and_vertical", [np.s_[:, :], np.s_[::-1, ::-1]]),
    ],
)
def test_flips(mode, possible):
    image = np.arange(24.0, dtype=np.float32).reshape(4, 3, 2)
    flipped = layers.RandomFlip(mode)(np.stack([image] * 200), training=True)
    counts = [sum(np.array_equal(each, image[way]) for each in flipped) for way in possible]
    assert sum(counts) == 200
    assert all(60 < count < 140 for count in counts)  # six standard deviations


def test_brightness_is_that_of_keras(images):
    import keras

    for arguments in ({"factor": (0.2, 0.2)}, {"factor": (-0.3, -0.3), "value_range": (0, 300)}):
        expected = keras.layers.RandomBrightness(**arguments)(images, training=True)
        found = layers.RandomBrightness(**arguments)(images, training=True)
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_contrast_stretches_around_the_mean(images):
    layer = layers.RandomContrast(0.5, value_range=(-1e4, 1e4))
    found = layer(np.concatenate([images] * 30), training=True)
    mean = np.concatenate([images] * 30).mean((1, 2), keepdims=True)
    factors = (found - mean) / (np.concatenate([images] * 30) - mean)
    factors = np.median(factors.reshape(90, -1), axis=1)
    assert 0.5 <= factors.min() < 0.65 and 1.35 < factors.max() <= 1.5
    expected = (np.concatenate([images] * 30) - mean) * factors[:, None, None, None] + mean
    np.testing.assert_allclose(found, expected, atol=1e-2)
    clipped = layers.RandomContrast(1.0, value_range=(100, 150))(images, training=True)
    assert clipped.min() >= 100 and clipped.max() <= 150


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.RandomRotation(0.5),
        lambda: layers.RandomZoom(0.5),
        lambda: layers.RandomTranslation(0.5, 0.5),
        lambda: layers.RandomContrast(0.5),
        lambda: layers.RandomBrightness(0.5),
    ],
)
def test_every_image_and_every_call_draws_anew(images, layer):
    same = np.stack([images[0]] * 4)
    augment = layer()
    first = augment(same, training=True)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(augment(same, training=True), first)
    np.testing.assert_array_equal(augment(same, training=False), same)
    # Alone it augments without being told to, as in Keras.
    assert not np.array_equal(augment(same), same)


@pytest.mark.parametrize(
    "make",
    [
        lambda **kwargs: layers.Resizing(5, 20, crop_to_aspect_ratio=True, **kwargs),
        lambda **kwargs: layers.CenterCrop(4, 3, **kwargs),
        lambda **kwargs: layers.RandomCrop(20, 3, **kwargs),
        lambda **kwargs: layers.RandomRotation((0.25, 0.25), **kwargs),
        lambda **kwargs: layers.RandomZoom((0.3, 0.3), (-0.2, -0.2), **kwargs),
        lambda **kwargs: layers.RandomTranslation((0.2, 0.2), (-0.3, -0.3), **kwargs),
    ],
)
def test_channels_first_gives_what_channels_last_gives(images, make):
    last = make()(images, training=True)
    layer = make(data_format="channels_first")
    first = layer(np.moveaxis(images, -1, 1), training=True)
    np.testing.assert_array_equal(np.moveaxis(first, 1, -1), last)
    assert layer.get_config()["data_format"] == "channels_first"


def test_flips_with_channels_first(images):
    flip = layers.RandomFlip("vertical", data_format="channels_first")
    x = np.moveaxis(images, -1, 1)
    for flipped, image in zip(flip(np.repeat(x, 30, 0)), np.repeat(x, 30, 0), strict=True):
        assert any(np.array_equal(flipped, each) for each in (image, image[:, ::-1]))


def test_the_format_of_images_is_a_setting(folder):
    picture = utils.array_to_img(np.ones((4, 7, 3)))
    try:
        martlet.config.set_image_data_format("channels_first")
        assert utils.img_to_array(picture).shape == (3, 4, 7)
        assert utils.array_to_img(np.ones((1, 2, 5))).size == (5, 2)
        assert everything(read(folder))[0].shape == (9, 3, 6, 10)
    finally:
        martlet.config.set_image_data_format("channels_last")


def test_a_model_of_augmentation_is_called_like_a_layer(images):
    augment = martlet.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.2)])
    assert not np.array_equal(augment(images), images)
    np.testing.assert_array_equal(augment(images, training=False), images)
    np.testing.assert_array_equal(augment.predict(images, verbose=0), images)
    with_dropout = martlet.Sequential([layers.RandomRotation(0.2), layers.Dropout(0.5)])
    np.testing.assert_array_equal(with_dropout(images), images)


def test_augmentation_is_the_same_for_every_number_of_threads(images):
    def trained(threads):
        martlet.config.set_num_threads(threads)
        martlet.backend.clear_session()
        utils.set_random_seed(7)
        model = martlet.Sequential(
            [
                martlet.Input((9, 12, 3)),
                layers.RandomCrop(7, 9),
                layers.RandomFlip(),
                layers.RandomRotation(0.2),
                layers.RandomZoom(0.2, 0.3),
                layers.RandomTranslation(0.1, 0.1),
                layers.RandomContrast(0.3),
                layers.RandomBrightness(0.1),
                layers.Rescaling(1 / 255),
                layers.Flatten(),
                layers.Dense(2),
            ]
        )
        model.compile("sgd", "mse")
        x = np.concatenate([images] * 11)
        history = model.fit(x, np.ones((33, 2)), batch_size=8, epochs=2, verbose=0)
        return history.history["loss"], model.get_weights()[0]

    losses, weights = trained(1)
    for threads in (2, 3):
        found, kernel = trained(threads)
        assert found == losses
        np.testing.assert_array_equal(kernel, weights)


@pytest.mark.parametrize("axis", [-1, None, (1, 3), [2], 1])
@pytest.mark.parametrize("invert", [False, True])
def test_normalization(images, axis, invert):
    import keras

    layer = layers.Normalization(axis=axis, invert=invert)
    expected = keras.layers.Normalization(axis=axis, invert=invert)
    layer.adapt(images)
    expected.adapt(images)
    for found, weight in zip(layer.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(found, weight, rtol=1e-5)
    np.testing.assert_allclose(layer(images), expected(images), rtol=1e-4, atol=1e-4)


def test_normalization_with_given_numbers(images):
    import keras

    for arguments in (
        {"mean": 100.0, "variance": 25.0, "axis": None},
        {"mean": [1.0, 2.0, 3.0], "variance": [4.0, 0.0, 1.0]},
        {"mean": np.array([1.0, 2.0, 3.0]), "variance": np.ones(3), "invert": True},
    ):
        expected = keras.layers.Normalization(**arguments)(images)
        layer = layers.Normalization(**arguments)
        np.testing.assert_allclose(layer(images), expected, rtol=1e-5)
        assert layer.get_weights() == []
    with pytest.raises(ValueError, match="was made with a mean and a variance; leave them out"):
        layer.adapt(images)
    with pytest.raises(ValueError, match="^Normalization: mean and variance must be given both"):
        layers.Normalization(mean=1.0)


def test_normalization_adapts_to_batches(images):
    whole, parts = layers.Normalization(), layers.Normalization()
    whole.adapt(images)
    parts.adapt((each[None], 0) for each in images)
    for a, b in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    # Again forgets what was before.
    parts.adapt(np.zeros((2, 9, 12, 3)))
    np.testing.assert_array_equal(parts.get_weights()[0], 0)
    with pytest.raises(ValueError, match="^data is empty"):
        parts.adapt(np.zeros((0, 3)))


@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Resizing(4, 5, "nearest", crop_to_aspect_ratio=True),
        lambda: layers.Resizing(4, 5, pad_to_aspect_ratio=True, fill_value=2.5),
        lambda: layers.CenterCrop(4, 5),
        lambda: layers.RandomCrop(4, 5, 3),
        lambda: layers.RandomFlip("vertical", seed=3),
        lambda: layers.RandomRotation(0.1, "wrap", "nearest", 3, 2.0),
        lambda: layers.RandomZoom((-0.1, 0.2), 0.1),
        lambda: layers.RandomTranslation(0.1, (0, 0.2)),
        lambda: layers.RandomContrast((0.1, 0.2), (0, 1)),
        lambda: layers.RandomBrightness(0.1, (0, 1), 4),
        lambda: layers.Normalization(mean=[1, 2, 3], variance=[1, 1, 1]),
    ],
)
def test_configurations_are_those_of_keras(images, layer):
    import keras

    made = layer()
    config = made.get_config()
    again = type(made).from_config(config)
    assert again.get_config() == config
    theirs = getattr(keras.layers, type(made).__name__).from_config(config)
    assert {key for key in theirs.get_config() if key not in config} <= {"data_format"}
    if "seed" in config and config["seed"] is not None:
        np.testing.assert_array_equal(again(images, training=True), made(images, training=True))


def test_layers_print_as_their_calls():
    assert repr(layers.Resizing(32, 32)) == "Resizing(32, 32)"
    assert repr(layers.RandomZoom(0.2, 0.2, name="zoom")) == (
        "RandomZoom(0.2, width_factor=0.2, name='zoom')"
    )


def test_the_second_place_of_keras():
    assert martlet.preprocessing.image.load_img is utils.load_img
    name = "image_dataset_from_directory"
    assert getattr(martlet.preprocessing, name) is getattr(utils, name)


def test_mistakes_with_layers(images):
    with pytest.raises(NotImplementedError, match="^Resizing: antialias=True is not supported yet"):
        layers.Resizing(2, 2, antialias=True)
    with pytest.raises(ValueError, match="^Resizing: crop_to_aspect_ratio and pad_.* exclude"):
        layers.Resizing(2, 2, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)
    with pytest.raises(
        ValueError, match="^Resizing: .* 'fill_mode': expected 'constant', received"
    ):
        layers.Resizing(2, 2, pad_to_aspect_ratio=True, fill_mode="reflect")
    with pytest.raises(
        ValueError, match="^RandomCrop: .* 'height': expected an integer of at least"
    ):
        layers.RandomCrop(0, 2)
    with pytest.raises(ValueError, match="^RandomRotation: invalid value for argument 'factor'"):
        layers.RandomRotation(2)
    with pytest.raises(ValueError, match=r"expected an input of 4 axes .* received \(None, 9\)"):
        layers.RandomFlip()(np.ones((3, 9)))
