"""Files of models and weights: what comes back, what does not, and what is refused."""

from __future__ import annotations

import functools
import inspect
import json
import os
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest

import martlet
from martlet import Input, Model, Sequential, _native, layers, saving
from martlet.models import clone_model, load_model, model_from_json

IMAGES = np.random.default_rng(0).normal(size=(40, 8, 8, 3)).astype(np.float32)
LABELS = np.random.default_rng(1).integers(0, 3, 40)


def plain(library=martlet):
    """A chain with moving averages and random numbers."""
    made = library.layers
    return library.Sequential(
        [
            library.Input((8, 8, 3)),
            made.Conv2D(4, 3, padding="same", activation="relu"),
            made.BatchNormalization(),
            made.MaxPooling2D(),
            made.Dropout(0.3),
            made.Flatten(),
            made.Dense(3, activation="softmax", name="out"),
        ]
    )


def residual(library=martlet):
    """A branch and a sum."""
    made = library.layers
    x = images = library.Input((8, 8, 3), name="images")
    x = made.Conv2D(4, 3, padding="same", name="first")(x)
    y = made.Activation("relu")(made.BatchNormalization()(x))
    y = made.Conv2D(4, 3, padding="same", name="second")(y)
    x = made.GlobalAveragePooling2D()(made.Add()([x, y]))
    return library.Model(images, made.Dense(3, activation="softmax")(made.Dropout(0.2)(x)))


def nested(library=martlet):
    """Models of both kinds within a model, and a layer that is called twice."""
    made = library.layers
    base = library.Sequential([library.Input((8, 8, 3)), made.Conv2D(2, 3), made.Flatten()])
    inner = library.Input((72,))
    head = library.Model(inner, made.Dense(4, activation="tanh")(inner), name="head")
    shared = made.Dense(4, name="shared")
    images = library.Input((8, 8, 3))
    x = head(base(images))
    y = head(made.Dense(72)(x))
    x = made.Concatenate()([shared(x), shared(y)])
    return library.Model(images, made.Dense(3, activation="softmax")(x))


def enlarging(library=martlet):
    """Down and up again, with normalizations of each sample by itself."""
    made = library.layers
    images = library.Input((8, 8, 3))
    x = made.GroupNormalization(groups=2)(made.Conv2D(4, 3, padding="same")(images))
    small = made.LayerNormalization(axis=[1, 3])(made.MaxPooling2D()(x))
    large = made.UpSampling2D(interpolation="bilinear")(small)
    x = made.Cropping2D(1)(made.Concatenate()([made.Identity()(x), large]))
    x = made.RMSNormalization()(made.GroupNormalization(groups=-1)(x))
    x = made.RepeatVector(2)(made.UnitNormalization()(made.Flatten()(x)))
    return library.Model(images, made.Dense(3, activation="softmax")(made.Flatten()(x)))


MODELS = {"plain": plain, "residual": residual, "nested": nested, "enlarging": enlarging}


def compiled(model, library=martlet):
    optimizer = library.optimizers.Adam(0.01)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fit(model, epochs, **options):
    return model.fit(IMAGES, LABELS, batch_size=16, epochs=epochs, verbose=0, **options).history[
        "loss"
    ]


def state(model):
    """All numbers of a model and its training."""
    return [*model.get_weights(), *(each.numpy() for each in model.optimizer.variables)]


def assert_same_bits(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


@pytest.mark.parametrize("name", MODELS)
class TestRoundTrip:
    def test_a_whole_model(self, name, tmp_path):
        model = compiled(MODELS[name]())
        fit(model, 2)
        model.save(tmp_path / "m.keras")
        again = load_model(tmp_path / "m.keras")
        assert type(again) is type(model)
        assert [each.name for each in again.layers] == [each.name for each in model.layers]
        assert_same_bits(state(model), state(again))
        assert_same_bits([model.predict(IMAGES, verbose=0)], [again.predict(IMAGES, verbose=0)])
        assert again.evaluate(IMAGES, LABELS, verbose=0) == model.evaluate(
            IMAGES, LABELS, verbose=0
        )

    def test_weights(self, name, tmp_path):
        model, other = compiled(MODELS[name]()), compiled(MODELS[name]())
        fit(model, 1)
        model.save_weights(tmp_path / "w.weights.h5")
        other.load_weights(tmp_path / "w.weights.h5")
        assert_same_bits(state(model), state(other))

    def test_configurations(self, name):
        model = MODELS[name]()
        config = json.loads(json.dumps(model.get_config()))
        for again in (
            type(model).from_config(config),
            model_from_json(model.to_json()),
            clone_model(model),
        ):
            assert again.get_config() == model.get_config()
            assert [each.shape for each in again.weights] == [each.shape for each in model.weights]
            assert again.layers[0] is not model.layers[0]

    @pytest.mark.parametrize("ending", ["keras", "weights.h5"])
    def test_a_training_goes_on_bit_by_bit(self, name, ending, tmp_path):
        path = tmp_path / f"m.{ending}"
        whole = compiled(MODELS[name]())
        clone = compiled(clone_model(whole))
        clone.set_weights(whole.get_weights())
        martlet.utils.set_random_seed(5)
        first = fit(whole, 2)
        whole.save(path) if ending == "keras" else whole.save_weights(path)
        second = fit(whole, 5, initial_epoch=2)
        martlet.utils.set_random_seed(99)  # another program's numbers
        if ending == "keras":
            again = load_model(path)
        else:
            again = clone
            again.load_weights(path)
        assert fit(again, 5, initial_epoch=2) == second
        assert first != second
        assert_same_bits(state(whole), state(again))


OPTIMIZERS = {
    "sgd": lambda library: library.optimizers.SGD(0.01, momentum=0.9),
    "adam": lambda library: library.optimizers.Adam(0.01),
    "rmsprop": lambda library: library.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "amsgrad": lambda library: library.optimizers.Adam(0.01, amsgrad=True, clipnorm=1.0),
    "adamw": lambda library: library.optimizers.AdamW(0.01),
    "adamax": lambda library: library.optimizers.Adamax(0.01),
    "nadam": lambda library: library.optimizers.Nadam(0.01),
    "adagrad": lambda library: library.optimizers.Adagrad(0.01),
    "adadelta": lambda library: library.optimizers.Adadelta(1.0),
    "lion": lambda library: library.optimizers.Lion(0.001),
    "ftrl": lambda library: library.optimizers.Ftrl(0.01),
    "schedule": lambda library: library.optimizers.Adam(
        library.optimizers.schedules.ExponentialDecay(0.01, 3, 0.5)
    ),
}


class TestGoingOn:
    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_with_every_optimizer(self, name, tmp_path):
        def make():
            model = Sequential([Input((192,)), layers.Dense(3), layers.Dropout(0.2)])
            model.compile(OPTIMIZERS[name](martlet), "mse")
            return model

        x, y = IMAGES.reshape(40, -1), np.eye(3)[LABELS]
        whole = make()
        for epochs, more in ((0, 0), (2, 4)):
            rest = {"epochs": more, "initial_epoch": epochs, "batch_size": 16, "verbose": 0}
            whole.fit(x, y, epochs=epochs, batch_size=16, verbose=0)
            whole.save(tmp_path / "m.keras")
            # First as if there were no file: making a model draws random numbers, too.
            expected = whole.fit(x, y, **rest).history
            again = load_model(tmp_path / "m.keras")
            assert again.fit(x, y, **rest).history == expected
            assert_same_bits(state(again), state(whole))
            assert repr(again.optimizer) == repr(whole.optimizer)

    def test_a_schedule_of_ones_own(self, tmp_path):
        class Halving(martlet.optimizers.schedules.LearningRateSchedule):
            def __init__(self, first):
                self.first = first

            def __call__(self, step):
                return self.first * 0.5**step

            def get_config(self):
                return {"first": self.first}

        model = plain()
        optimizer = martlet.optimizers.SGD(Halving(0.1))
        model.compile(optimizer, "sparse_categorical_crossentropy")
        fit(model, 1)
        model.save(tmp_path / "m.keras")
        with pytest.raises(ValueError, match="'Halving'"):
            load_model(tmp_path / "m.keras")
        again = load_model(tmp_path / "m.keras", custom_objects={"Halving": Halving})
        assert again.optimizer.learning_rate == model.optimizer.learning_rate
        with saving.custom_object_scope({"course>Halving": Halving}):
            assert load_model(tmp_path / "m.keras").optimizer.iterations == 3

    def test_learning_rates_that_single_precision_would_round(self, tmp_path):
        model = compiled(plain())
        fit(model, 1)
        model.optimizer.learning_rate = 0.1 / 3
        model.save(tmp_path / "m.keras")
        assert load_model(tmp_path / "m.keras").optimizer.learning_rate == 0.1 / 3

    def test_a_seed_after_loading_is_stronger(self, tmp_path):
        model = compiled(plain())
        fit(model, 1)
        model.save(tmp_path / "m.keras")
        losses = []
        for seed in (1, 1, 2):
            again = load_model(tmp_path / "m.keras")
            martlet.utils.set_random_seed(seed)
            losses.append(fit(again, 2))
        assert losses[0] == losses[1] != losses[2]

    def test_a_model_that_was_not_trained_changes_no_random_numbers(self, tmp_path):
        compiled(plain()).save(tmp_path / "m.keras")
        losses = []
        for seed in (1, 2):
            martlet.utils.set_random_seed(seed)
            losses.append(fit(load_model(tmp_path / "m.keras"), 1))
        assert losses[0] != losses[1]

    def test_compiling_again_begins_anew(self, tmp_path):
        model = compiled(plain())
        fit(model, 1)
        model.save(tmp_path / "m.keras")
        again = compiled(load_model(tmp_path / "m.keras"))
        assert again.optimizer.iterations == 0
        assert again._continues_at is None

    def test_without_compiling(self, tmp_path):
        model = compiled(plain())
        fit(model, 1)
        model.save(tmp_path / "m.keras")
        again = load_model(tmp_path / "m.keras", compile=False)
        assert not again.compiled
        assert_same_bits(model.get_weights(), again.get_weights())

    def test_another_optimizer_starts_afresh_and_says_so(self, tmp_path):
        model = compiled(plain())
        fit(model, 1)
        model.save_weights(tmp_path / "m.weights.h5")
        other = plain()
        other.compile("sgd", "sparse_categorical_crossentropy")
        with pytest.warns(UserWarning, match="optimizer 'sgd' starts afresh, since it has 2 vari"):
            other.load_weights(tmp_path / "m.weights.h5")
        assert_same_bits(model.get_weights(), other.get_weights())

    def test_frozen_layers_stay_frozen(self, tmp_path):
        model = residual()
        model.get_layer("first").trainable = False
        compiled(model).save(tmp_path / "m.keras")
        again = load_model(tmp_path / "m.keras")
        assert [each.trainable for each in again.layers] == [
            each.trainable for each in model.layers
        ]

    def test_a_model_without_an_input_yet(self, tmp_path):
        model = Sequential([layers.Dense(3), layers.Dense(2)])
        model.save(tmp_path / "m.keras")
        again = load_model(tmp_path / "m.keras")
        assert not again.built
        assert again.predict(np.ones((2, 4)), verbose=0).shape == (2, 2)
        with pytest.raises(ValueError, match="is not built"):
            model.save_weights(tmp_path / "m.weights.h5")

    def test_several_ends_and_dicts(self, tmp_path):
        left, right = Input((4,), name="left"), Input((3,), name="right")
        x = layers.Concatenate()([left, right])
        ends = {"a": layers.Dense(1, name="first")(x), "b": layers.Dense(2, name="second")(x)}
        model = Model({"left": left, "right": right}, ends)
        model.compile("adam", {"a": "mse", "b": "mse"}, metrics={"b": ["mse"]})
        model.save(tmp_path / "m.keras")
        again = load_model(tmp_path / "m.keras")
        data = {"left": np.ones((2, 4)), "right": np.ones((2, 3))}
        ours, theirs = model.predict(data, verbose=0), again.predict(data, verbose=0)
        assert list(ours) == list(theirs) == ["a", "b"]
        assert_same_bits(ours.values(), theirs.values())
        assert again.metrics_names == model.metrics_names


def layers_with_seeds():
    """All that draw random numbers, made with small numbers for what has no default."""
    for name, kind in vars(layers).items():
        if isinstance(kind, type) and "seed" in inspect.signature(kind).parameters:
            parameters = inspect.signature(kind).parameters.values()
            needed = [each for each in parameters if each.default is each.empty]
            named = [each.name for each in needed if each.kind is not each.VAR_KEYWORD]
            yield name, kind(**{each: 2 if each in ("height", "width") else 0.2 for each in named})


@pytest.mark.parametrize("layer", [pytest.param(b, id=a) for a, b in layers_with_seeds()])
def test_every_layer_with_a_seed_keeps_it_in_files(layer):
    _native.layer_set_seed(layer._handle, 2**63 + 1)
    assert _native.layer_seed(layer._handle) == 2**63 + 1


class TestKeras2:
    """Files as Keras 2 wrote them, by hand."""

    def file(self, path, config, weights, names_as_bytes=True, training=None):
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = json.dumps(config)
            if training:
                file.attrs["training_config"] = json.dumps(training)
            root = file.create_group("model_weights")
            root.attrs["layer_names"] = [name.encode() for name in weights]
            for name, arrays in weights.items():
                group = root.create_group(name)
                paths = [f"{name}/{index}:0" for index in range(len(arrays))]
                group.attrs["weight_names"] = (
                    np.array([each.encode() for each in paths], "S") if paths else np.empty(0)
                )
                for each, array in zip(paths, arrays, strict=True):
                    group[each] = array

    def test_a_chain(self, tmp_path):
        config = {
            "class_name": "Sequential",
            "config": {
                "name": "old",
                "layers": [
                    {
                        "class_name": "InputLayer",
                        "config": {"batch_input_shape": [None, 4], "name": "in", "sparse": False},
                    },
                    {
                        "class_name": "Dense",
                        "config": {"name": "d", "units": 2, "dtype": "float32"},
                    },
                    {"class_name": "BatchNormalization", "config": {"name": "n", "axis": [1]}},
                ],
            },
        }
        weights = {
            "d": [np.ones((4, 2)), np.zeros(2)],
            "n": [np.ones(2), np.zeros(2), np.zeros(2), np.ones(2) - 1e-3],
        }
        training = {
            "loss": "mse",
            "metrics": ["accuracy"],
            "optimizer_config": {"class_name": "Adam", "config": {"lr": 0.25, "decay": 0.0}},
        }
        self.file(tmp_path / "m.h5", config, weights, training=training)
        model = load_model(tmp_path / "m.h5")
        assert model.predict(np.ones((1, 4)), verbose=0).tolist() == [[4, 4]]
        assert model.optimizer.learning_rate == 0.25
        assert not load_model(tmp_path / "m.h5", compile=False).compiled

    def test_a_graph(self, tmp_path):
        def entry(class_name, name, nodes, **config):
            config["name"] = name
            return {
                "class_name": class_name,
                "config": config,
                "name": name,
                "inbound_nodes": nodes,
            }

        config = {
            "class_name": "Functional",
            "config": {
                "name": "old",
                "layers": [
                    entry("InputLayer", "in", [], batch_input_shape=[None, 4]),
                    entry("Dense", "d", [[["in", 0, 0, {}]]], units=4, use_bias=False),
                    entry("Add", "sum", [[["d", 0, 0, {}], ["in", 0, 0, {}]]]),
                ],
                "input_layers": [["in", 0, 0]],
                "output_layers": [["sum", 0, 0]],
            },
        }
        self.file(tmp_path / "m.h5", config, {"in": [], "d": [np.eye(4)], "sum": []})
        model = load_model(tmp_path / "m.h5")
        assert model.predict(np.ones((1, 4)), verbose=0).tolist() == [[2, 2, 2, 2]]

    def test_weights_alone(self, tmp_path):
        with h5py.File(tmp_path / "w.h5", "w") as file:
            file.attrs["layer_names"] = [b"d"]
            file.create_group("d").attrs["weight_names"] = [b"d/kernel:0"]
            file["d/d/kernel:0"] = np.full((4, 2), 3.0)
        model = Sequential([Input((4,)), layers.Dense(2, use_bias=False)])
        model.load_weights(tmp_path / "w.h5")
        assert model.get_weights()[0].tolist() == [[3, 3]] * 4
        with pytest.raises(ValueError, match="holds weights alone: build the model in code"):
            load_model(tmp_path / "w.h5")

    def test_names_that_are_too_long_for_one_attribute(self, tmp_path, monkeypatch):
        from martlet import _legacy_file

        monkeypatch.setattr(_legacy_file, "_LARGEST_ATTRIBUTE", 40)
        model = plain()
        model.save(tmp_path / "m.h5")
        with h5py.File(tmp_path / "m.h5") as file:
            assert "layer_names1" in file["model_weights"].attrs
        assert_same_bits(load_model(tmp_path / "m.h5").get_weights(), model.get_weights())

    def test_names_of_weights(self, tmp_path):
        with pytest.raises(ValueError, match="is a name for weights alone: say save_weights"):
            plain().save(tmp_path / "m.weights.h5")
        with pytest.raises(ValueError, match="is not built"):
            Sequential([layers.Dense(1)]).save(tmp_path / "m.h5")


class TestLayout:
    def test_groups_are_named_by_class(self, tmp_path):
        model = compiled(residual())
        model.save_weights(tmp_path / "m.weights.h5")
        with h5py.File(tmp_path / "m.weights.h5") as file:
            assert list(file["layers/conv2d_1/vars"]) == ["0", "1"]
            assert file["layers/conv2d_1/vars"].attrs["name"] == "second"
            assert len(file["layers/batch_normalization/vars"]) == 4
            assert list(file["layers/input_layer/vars"]) == []
            assert file["optimizer/vars"].attrs["name"] == "adam"
            assert file["optimizer/vars/0"].dtype == np.int64
            assert file["optimizer/vars/1"].shape == ()
            assert len(file.attrs) == 0

    def test_the_archive(self, tmp_path):
        compiled(plain()).save(tmp_path / "m.keras")
        with zipfile.ZipFile(tmp_path / "m.keras") as archive:
            assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
            assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_STORED}
            config = json.loads(archive.read("config.json"))
        assert (config["module"], config["class_name"]) == ("keras", "Sequential")
        assert config["config"]["layers"][0]["class_name"] == "InputLayer"
        assert config["config"]["layers"][1]["module"] == "keras.layers"
        assert config["compile_config"]["loss"] == "sparse_categorical_crossentropy"

    def test_snake_case(self):
        from martlet._naming import snake_case

        names = ["Conv2D", "MaxPooling2D", "ReLU", "PReLU", "GlobalAveragePooling2D"]
        assert [snake_case(each) for each in names] == [
            "conv2d",
            "max_pooling2d",
            "re_lu",
            "p_re_lu",
            "global_average_pooling2d",
        ]


class TestWholeOrNotAtAll:
    """What a write that fails midway leaves behind."""

    @pytest.mark.parametrize("ending", ["keras", "weights.h5"])
    def test_a_full_disk(self, ending, tmp_path):
        # Files of this process may not grow beyond a size, as on a disk that is full.
        path = tmp_path / f"m.{ending}"
        verb = "save" if ending == "keras" else "save_weights"
        code = f"""
import martlet, resource
model = martlet.Sequential([martlet.Input((100,)), martlet.layers.Dense(1000)])
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
try:
    model.{verb}({str(path)!r})
except OSError as error:
    print(error)
"""
        path.write_bytes(b"the old one")
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        assert "could not be written" in result.stdout
        assert "the file of that name is what it was" in result.stdout
        assert path.read_bytes() == b"the old one"
        assert os.listdir(tmp_path) == [path.name]

    def test_an_error_midway(self, tmp_path, monkeypatch):
        from martlet import _weights_file

        model = compiled(plain())
        path = tmp_path / "m.weights.h5"
        model.save_weights(path)
        before = path.read_bytes()

        def fails(_model, group):
            raise KeyboardInterrupt

        monkeypatch.setattr(_weights_file, "_write_continuation", fails)
        with pytest.raises(KeyboardInterrupt):
            model.save_weights(path)
        assert path.read_bytes() == before
        assert os.listdir(tmp_path) == [path.name]

    def test_permissions_and_links_stay(self, tmp_path):
        path, link = tmp_path / "real.keras", tmp_path / "link.keras"
        plain().save(path)
        path.chmod(0o640)
        link.symlink_to(path)
        plain().save(link)
        assert link.is_symlink()
        assert path.stat().st_mode & 0o777 == 0o640

    def test_new_files_have_the_usual_permissions(self, tmp_path):
        plain().save(tmp_path / "m.keras")
        (tmp_path / "usual").touch()
        assert (tmp_path / "m.keras").stat().st_mode == (tmp_path / "usual").stat().st_mode

    @pytest.mark.parametrize(
        ("name", "kind", "message"),
        [
            ("m.h6", ValueError, "must end in .keras or .h5 or .safetensors, got"),
            ("missing/m.keras", OSError, "there is no folder"),
            ("", ValueError, "must end in"),
        ],
    )
    def test_wrong_places(self, name, kind, message, tmp_path):
        with pytest.raises(kind, match=message):
            plain().save(os.path.join(tmp_path, name) if name else "")

    def test_overwriting_may_be_refused(self, tmp_path):
        model = plain()
        model.save(tmp_path / "m.keras")
        with pytest.raises(FileExistsError, match="is there already, and overwrite is False"):
            model.save(tmp_path / "m.keras", overwrite=False)
        (tmp_path / "folder.keras").mkdir()
        with pytest.raises(OSError, match="is a folder"):
            model.save(tmp_path / "folder.keras")

    def test_what_cannot_be_described(self, tmp_path):
        model = compiled(plain())
        model._compile_arguments["loss"] = lambda y, p: 0
        with pytest.raises(TypeError, match="a lambda cannot be stored"):
            model.save(tmp_path / "m.keras")
        assert os.listdir(tmp_path) == []


class TestDamagedFiles:
    @pytest.mark.parametrize("ending", ["keras", "weights.h5"])
    def test_cut_short(self, ending, tmp_path):
        path = tmp_path / f"m.{ending}"
        model = compiled(plain())
        fit(model, 1)
        model.save(path) if ending == "keras" else model.save_weights(path)
        content = path.read_bytes()
        before = state(model)
        for share in (0.1, 0.5, 0.9, 0.999):
            path.write_bytes(content[: int(len(content) * share)])
            with pytest.raises(OSError, match="cut short or damaged"):
                model.load_weights(path)
            assert_same_bits(state(model), before)

    def test_a_flipped_bit_in_an_archive(self, tmp_path):
        path = tmp_path / "m.keras"
        plain().save(path)
        content = bytearray(path.read_bytes())
        content[len(content) * 3 // 4] ^= 1
        path.write_bytes(content)
        with pytest.raises(OSError, match="cut short or damaged: Bad CRC-32"):
            load_model(path)

    @pytest.mark.parametrize("read", [load_model, lambda path: plain().load_weights(path)])
    def test_other_files(self, read, tmp_path):
        path = tmp_path / "model.keras"
        with pytest.raises(FileNotFoundError, match="there is no file"):
            read(path)
        path.write_bytes(b"hello")
        with pytest.raises(OSError, match="neither a .keras nor an HDF5 file: it begins with b'h"):
            read(path)
        path.write_bytes(b"")
        with pytest.raises(OSError, match="it is empty"):
            read(path)
        with pytest.raises(FileNotFoundError, match="did you mean .*model.keras"):
            read(tmp_path / "modle.keras")
        with pytest.raises(OSError, match="is a folder; Martlet reads files"):
            read(tmp_path)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("picture.png", b"")
        with pytest.raises(ValueError, match="there is no .* in it, only picture.png"):
            read(path)


class TestOtherModels:
    def test_a_shape(self, tmp_path):
        model = Sequential([Input((4,)), layers.Dense(3, name="a"), layers.Dense(2, name="b")])
        model.save_weights(tmp_path / "m.weights.h5")
        other = Sequential([Input((4,)), layers.Dense(3, name="c"), layers.Dense(5, name="d")])
        before = other.get_weights()
        with pytest.raises(ValueError) as caught:
            other.load_weights(tmp_path / "m.weights.h5")
        assert str(caught.value) == (
            f"{str(tmp_path / 'm.weights.h5')!r} holds the weights of another model: layer 'd' "
            "(Dense): kernel has shape (3, 5), in the file (3, 2); nothing has been loaded; "
            "skip_mismatch=True loads the layers that fit"
        )
        assert_same_bits(before, other.get_weights())
        with pytest.warns(UserWarning, match="skipped what does not fit: layer 'd'"):
            other.load_weights(tmp_path / "m.weights.h5", skip_mismatch=True)
        assert_same_bits(other.get_weights()[:2], model.get_weights()[:2])
        assert_same_bits(other.get_weights()[2:], before[2:])

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: [layers.Dense(3)], "it has weights of a layer 'layers/dense_1/vars'"),
            (lambda: [layers.Dense(3)] * 1 + [layers.Dense(2), layers.Dense(2)], "is not in it"),
            (
                lambda: [layers.Dense(3, use_bias=False), layers.Dense(2)],
                r"has 1 weights \(kernel\), the file has 2",
            ),
        ],
    )
    def test_layers(self, make, message, tmp_path):
        model = Sequential([Input((4,)), layers.Dense(3), layers.Dense(2)])
        model.save_weights(tmp_path / "m.weights.h5")
        with pytest.raises(ValueError, match=message):
            Sequential([Input((4,)), *make()]).load_weights(tmp_path / "m.weights.h5")

    def test_links_to_other_files_are_not_followed(self, tmp_path):
        model = Sequential([Input((4,)), layers.Dense(3)])
        model.save_weights(tmp_path / "m.weights.h5")
        with h5py.File(tmp_path / "m.weights.h5", "a") as file:
            del file["layers/dense/vars/0"]
            file["layers/dense/vars/0"] = h5py.ExternalLink("other.h5", "/x")
        with pytest.raises(ValueError, match="kernel is missing"):
            model.load_weights(tmp_path / "m.weights.h5")


class TestCode:
    """Nothing in a file is run."""

    def description(self, entry):
        config = {"name": "m", "layers": [entry]}
        return {"module": "keras", "class_name": "Sequential", "config": config}

    @pytest.mark.parametrize(
        ("entry", "message"),
        [
            (
                {"class_name": "Lambda", "config": {"name": "double", "function": "4wEA"}},
                "the layer 'double' is a Lambda: it holds Python code",
            ),
            (
                {"module": "os", "class_name": "system", "config": {"command": "ls"}},
                "the class 'system' of os is not known",
            ),
            (
                {"module": "keras.layers", "class_name": "Dence", "config": {"units": 1}},
                "the nearest known name is 'Dense'",
            ),
        ],
    )
    def test_is_refused(self, entry, message):
        with pytest.raises(ValueError, match=message):
            model_from_json(json.dumps(self.description(entry)))

    def test_a_lambda_among_the_losses(self, tmp_path):
        model = compiled(plain())
        model.save(tmp_path / "m.keras")
        with zipfile.ZipFile(tmp_path / "m.keras") as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        config = json.loads(members["config.json"])
        config["compile_config"]["loss"] = {"class_name": "__lambda__", "config": {"value": "4w"}}
        with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
            archive.writestr("config.json", json.dumps(config))
            archive.writestr("model.weights.h5", members["model.weights.h5"])
        with pytest.raises(ValueError, match="a lambda holds Python code.*compile=False"):
            load_model(tmp_path / "m.keras")
        assert_same_bits(
            load_model(tmp_path / "m.keras", compile=False).get_weights(), model.get_weights()
        )

    def test_no_json(self):
        with pytest.raises(ValueError, match="this is no JSON text"):
            model_from_json("{")
        with pytest.raises(ValueError, match="expected the description of a model, got Dense"):
            model_from_json('{"class_name": "Dense", "config": {"units": 1}}')


class TestObjects:
    def test_custom_objects(self):
        class Halving:
            def __init__(self, by=2):
                self.by = by

            def get_config(self):
                return {"by": self.by}

            @classmethod
            def from_config(cls, config):
                return cls(**config)

        with saving.custom_object_scope({"Halving": Halving}):
            described = saving.serialize_keras_object(Halving(3))
            assert described["registered_name"] == "Halving"
            assert saving.deserialize_keras_object(described).by == 3
        with pytest.raises(ValueError, match="the class 'Halving'.*custom_objects"):
            saving.deserialize_keras_object(described)
        assert saving.deserialize_keras_object(described, {"Halving": Halving}).by == 3

    def test_what_has_no_description(self):
        with pytest.raises(TypeError, match="cannot be stored: a object has no get_config"):
            saving.serialize_keras_object(object())

    def test_h5py_is_asked_for_when_it_is_missing(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "h5py", None)
        with pytest.raises(ImportError, match=r'pip install "martlet\[files\]"'):
            plain().save(tmp_path / "m.keras")

    def test_clones_by_a_function(self):
        model = nested()

        def without_bias(layer):
            config = layer.get_config()
            return type(layer).from_config(
                {**config, "use_bias": False} if "use_bias" in config else config
            )

        cloned = clone_model(model, clone_function=without_bias)
        assert cloned.get_layer("shared").bias is None
        assert cloned.get_layer("head").layers[1].bias is not None
        cloned = clone_model(model, clone_function=without_bias, recursive=True)
        assert cloned.get_layer("head").layers[1].bias is None
        with pytest.raises(TypeError, match="clone_function gave None for layer"):
            clone_model(model, clone_function=lambda layer: None)


# ---- Side by side with Keras ------------------------------------------------------------------


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.fixture(scope="module")
def peers(keras):
    """Keras's models, trained once."""

    def trained(name):
        model = compiled(MODELS[name](keras), keras)
        fit(model, 1)
        return model

    return functools.cache(trained)


def close(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-4, atol=1e-5)


def in_float32(value):
    """A configuration with its numbers rounded."""
    if isinstance(value, float):
        return float(np.float32(value))
    if isinstance(value, dict):
        return {key: in_float32(each) for key, each in value.items()}
    return [in_float32(each) for each in value] if isinstance(value, list) else value


def as_built(layers, shape):
    """Configurations of layers after building, which changes what Keras has been given."""
    for entry in layers:
        config = entry["config"]
        if entry["class_name"] in ("LayerNormalization", "RMSNormalization"):
            axis = config["axis"]
            config["axis"] = sorted(axis) if isinstance(axis, list) else [axis]
        if config.get("groups") == -1:
            config["groups"] = shape[-1]
    return layers


@pytest.mark.filterwarnings("ignore")  # the peer's own
class TestWithKeras:
    @pytest.mark.parametrize("name", MODELS)
    def test_keras_reads_ours(self, name, keras, tmp_path):
        model = compiled(MODELS[name]())
        fit(model, 1)
        model.save(tmp_path / "m.keras")
        theirs = keras.models.load_model(tmp_path / "m.keras")
        assert_same_bits(model.get_weights(), theirs.get_weights())
        ours = [each.numpy() for each in model.optimizer.variables]
        close(ours, [np.asarray(each) for each in theirs.optimizer.variables])
        close([model.predict(IMAGES, verbose=0)], [theirs.predict(IMAGES, verbose=0)])
        close(
            [model.evaluate(IMAGES, LABELS, verbose=0)],
            [theirs.evaluate(IMAGES, LABELS, verbose=0)],
        )

    @pytest.mark.parametrize("name", MODELS)
    def test_ours_reads_keras(self, name, peers, tmp_path):
        theirs = peers(name)
        theirs.save(tmp_path / "m.keras")
        theirs.save_weights(tmp_path / "m.weights.h5")
        model = load_model(tmp_path / "m.keras")
        other = compiled(MODELS[name]())
        other.load_weights(tmp_path / "m.weights.h5")
        for each in (model, other):
            assert_same_bits(each.get_weights(), theirs.get_weights())
            variables = [np.asarray(part) for part in theirs.optimizer.variables]
            for ours, other in zip(each.optimizer.variables, variables, strict=True):
                assert np.array_equal(ours.numpy(), other), ours.path
            close([each.predict(IMAGES, verbose=0)], [theirs.predict(IMAGES, verbose=0)])
        assert model.optimizer.iterations == 3

    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_trainings_go_on_in_the_other_library(self, name, keras, tmp_path):
        def make(library):
            model = library.Sequential([library.Input((192,)), library.layers.Dense(3)])
            model.compile(OPTIMIZERS[name](library), "mse")
            return model

        random = np.random.default_rng(2)
        x, y = IMAGES.reshape(40, -1), random.normal(size=(40, 3)).astype(np.float32)
        for here, there in ((martlet, keras), (keras, martlet)):
            model = make(here)
            model.fit(x, y, verbose=0, shuffle=False)
            model.save(tmp_path / "m.keras")
            again = there.models.load_model(tmp_path / "m.keras")
            for each in (model, again):
                each.fit(x, y, verbose=0, shuffle=False, epochs=2)
            close(model.get_weights(), again.get_weights())

    def test_all_layers(self, keras, tmp_path):
        from test_keras_parity import IMAGE, LAYERS, sequential

        for name, make in LAYERS.items():
            ours = sequential(martlet, make, IMAGE)
            ours.save(tmp_path / "ours.keras")
            theirs = keras.models.load_model(tmp_path / "ours.keras")
            theirs.save(tmp_path / "theirs.keras")
            again = load_model(tmp_path / "theirs.keras")
            for each in (theirs, again):
                assert_same_bits(each.get_weights(), ours.get_weights())
            # Keras's L1 keeps its factor as float32.
            assert in_float32(again.get_config()["layers"]) == in_float32(
                as_built(ours.get_config()["layers"], IMAGE)
            ), name

    @pytest.mark.parametrize("reader", ["martlet", "keras"])
    def test_losses_and_metrics_as_objects(self, reader, keras, tmp_path):
        here, there = (keras, martlet) if reader == "martlet" else (martlet, keras)
        model = here.Sequential([here.Input((192,)), here.layers.Dense(3)])
        model.compile(
            here.optimizers.RMSprop(0.01),
            here.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy", here.metrics.SparseCategoricalAccuracy(name="hits")],
        )
        x = IMAGES.reshape(40, -1)
        model.fit(x, LABELS, verbose=0)
        model.save(tmp_path / "m.keras")
        again = there.models.load_model(tmp_path / "m.keras")
        ours, theirs = (
            each.evaluate(x, LABELS, verbose=0, return_dict=True) for each in (model, again)
        )
        assert list(ours) == list(theirs)
        close(ours.values(), theirs.values())

    def test_a_model_that_ends_in_a_model(self, keras, tmp_path):
        def make(library):
            inner, images = library.Input((8, 8, 3)), library.Input((8, 8, 3))
            head = library.Model(inner, library.layers.Flatten()(inner))
            return library.Model(images, [head(images), head(library.layers.ReLU()(images))])

        make(keras).save(tmp_path / "theirs.keras")
        make(martlet).save(tmp_path / "ours.keras")
        for name in ("ours", "theirs"):
            for library in (martlet, keras):
                model = library.models.load_model(tmp_path / f"{name}.keras")
                whole, positive = model.predict(IMAGES[:2], verbose=0)
                assert np.array_equal(np.maximum(whole, 0), positive)

    def test_frozen_layers(self, keras, tmp_path):
        theirs = residual(keras)
        theirs.get_layer("first").trainable = False
        theirs.save(tmp_path / "m.keras")
        model = load_model(tmp_path / "m.keras")
        assert not model.get_layer("first").trainable
        model.save(tmp_path / "again.keras")
        again = keras.models.load_model(tmp_path / "again.keras")
        assert [each.trainable for each in again.layers] == [
            each.trainable for each in theirs.layers
        ]

    def test_augmentation_in_a_functional_model(self, keras, tmp_path):
        """Keras notes training=True at such calls, and a mask for each input of a model within."""
        first, second = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
        both = keras.Model([first, second], keras.layers.Add()([first, second]))
        x = images = keras.Input((8, 8, 3))
        x = keras.layers.RandomFlip()(x)
        x = both([keras.layers.CenterCrop(8, 8)(x), x])
        keras.Model(images, x).save(tmp_path / "m.keras")
        model = load_model(tmp_path / "m.keras")
        # As in Keras it is `predict` that says: no flips.
        np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), 2 * IMAGES)

    def test_a_configuration_that_was_in_no_file(self, keras):
        """Its calls are in tuples; here one waits for a layer that is listed later."""
        images = keras.Input((8, 8, 3))
        shared = keras.layers.Rescaling(2.0)
        between = keras.layers.Rescaling(1.0, offset=1.0)
        theirs = keras.Model(images, shared(between(shared(images))))
        model = martlet.Model.from_config(theirs.get_config())
        np.testing.assert_array_equal(
            model.predict(IMAGES, verbose=0), theirs.predict(IMAGES, verbose=0)
        )

    def test_operators_on_symbols(self, keras, tmp_path):
        x = images = keras.Input((8, 8, 3))
        x = keras.layers.Conv2D(3, 3, padding="same")(x) + images
        theirs = keras.Model(images, keras.layers.Flatten()(keras.activations.relu(x)))
        theirs.save(tmp_path / "m.keras")
        model = load_model(tmp_path / "m.keras")
        close([model.predict(IMAGES, verbose=0)], [theirs.predict(IMAGES, verbose=0)])

    @pytest.mark.parametrize("name", MODELS)
    def test_files_of_keras_2(self, name, peers, tmp_path):
        theirs = peers(name)
        theirs.save(tmp_path / "m.h5")
        model = load_model(tmp_path / "m.h5")
        assert_same_bits(model.get_weights(), theirs.get_weights())
        close([model.predict(IMAGES, verbose=0)], [theirs.predict(IMAGES, verbose=0)])
        other = MODELS[name]()
        other.load_weights(tmp_path / "m.h5")
        assert_same_bits(other.get_weights(), theirs.get_weights())

    @pytest.mark.parametrize("name", MODELS)
    def test_keras_reads_our_files_of_keras_2(self, name, keras, tmp_path):
        model = compiled(MODELS[name]())
        fit(model, 1)
        model.save(tmp_path / "m.h5")
        theirs = keras.models.load_model(tmp_path / "m.h5")
        again = load_model(tmp_path / "m.h5")
        for each in (theirs, again):
            assert_same_bits(model.get_weights(), each.get_weights())
            close([model.predict(IMAGES, verbose=0)], [each.predict(IMAGES, verbose=0)])
            close(
                [model.evaluate(IMAGES, LABELS, verbose=0)],
                [each.evaluate(IMAGES, LABELS, verbose=0)],
            )

    def test_files_of_keras_2_of_other_models(self, keras, tmp_path):
        plain(keras).save(tmp_path / "m.h5")
        with pytest.raises(ValueError, match="has 3 layers with weights.*has 4"):
            residual().load_weights(tmp_path / "m.h5")
        other = plain()
        other.pop()
        other.add(layers.Dense(4, name="other"))
        with pytest.raises(ValueError, match="layer 'other' has weights of shapes.*layer 'out'"):
            other.load_weights(tmp_path / "m.h5")
