"""Models in single safetensors files: what comes back, what others read, and what is refused."""

from __future__ import annotations

import json
import os
import struct

import numpy as np
import pytest
import safetensors.numpy
from network_cases import LAYERS, MODELS, alone, chain, own, several, shuffled

import martlet
from martlet import Input, Model, Sequential, _native, layers, ops
from martlet.models import load_model

IMAGES = np.random.default_rng(0).normal(size=(20, 8, 8, 3)).astype(np.float32)
LABELS = np.random.default_rng(1).integers(0, 3, 20)


def inputs_of(model):
    random = np.random.default_rng(7)
    data = [random.normal(size=(5, *shape)).astype(np.float32) for shape in model._input_shapes]
    return data if len(data) > 1 else data[0]


def predicted(model):
    result = model.predict(inputs_of(model), verbose=0)
    return result if isinstance(result, list) else [result]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_the_same_bits(name, tmp_path):
    model = shuffled(MODELS[name]())
    path = tmp_path / "model.safetensors"
    model.export(path)
    again = load_model(path)
    assert same(predicted(model), predicted(again))
    described = [_native.model_describe(each._model_handle()) for each in (model, again)]
    assert described[0] == described[1]
    assert again.name == model.name and not again.compiled
    assert os.listdir(tmp_path) == ["model.safetensors"]


@pytest.mark.parametrize("case", LAYERS, ids=lambda case: type(case[0]).__name__)
def test_every_layer_comes_back(case, tmp_path):
    layer, *shapes = case
    model = alone(type(layer).from_config(layer.get_config()), *shapes)
    model.export(tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    assert same(predicted(model), predicted(again))
    assert again.layers[-1].get_config() == model.layers[-1].get_config()


def test_a_chain_comes_back_as_a_chain(tmp_path):
    chain().export(tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    assert type(again) is Sequential
    assert [each.name for each in again.layers][-1] == "out"
    again.add(layers.Dense(2))
    assert again.output_shape == (None, 2)


def test_own_classes_come_back_as_what_they_do(tmp_path):
    model = shuffled(own())
    model.export(tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    assert type(again) is Model
    inner = again.get_layer("halves")
    assert type(inner) is Model
    assert {each.name for each in again.non_trainable_weights} == {"shift"}
    # It trains, and stands in other models.
    again.compile("sgd", "sparse_categorical_crossentropy")
    again.fit(IMAGES, LABELS, verbose=0)
    Model(again.inputs, layers.Dense(2)(inner(again.get_layer("flatten").output)))


def test_layers_stay_shared_and_frozen(tmp_path):
    model = several()
    model.get_layer("base").trainable = False
    model.save(tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    assert len(again.weights) == len(model.weights)
    for one in (model, again):
        assert [each.trainable for each in one.weights] == [
            each.trainable for each in model.weights
        ]


def test_the_package_safetensors_reads_it(tmp_path):
    model = shuffled(several())
    path = tmp_path / "m.safetensors"
    model.save(path)
    tensors = safetensors.numpy.load_file(path)
    assert {"base/conv2d/kernel", "head/dense/bias", "shared/kernel"} < set(tensors)
    assert np.array_equal(tensors["shared/kernel"], model.get_layer("shared").get_weights()[0])
    assert sum(each.size for each in tensors.values()) == model.count_params()
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
    assert metadata["format"] == "martlet" and metadata["format_version"] == "1"
    assert json.loads(metadata["model"]) == _native.model_describe(model._model_handle())


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: martlet.optimizers.Adam(0.01, amsgrad=True),
        lambda: martlet.optimizers.Nadam(0.003, use_ema=True),
        lambda: martlet.optimizers.SGD(
            martlet.optimizers.schedules.ExponentialDecay(0.1, 3, 0.7), momentum=0.9
        ),
    ],
)
def test_training_goes_on_bit_by_bit(optimizer, tmp_path):
    model = chain()
    model.compile(optimizer(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    options = {"epochs": 2, "batch_size": 7, "verbose": 0}
    model.fit(IMAGES, LABELS, **options)
    model.save(tmp_path / "m.safetensors")
    expected = model.fit(IMAGES, LABELS, **options).history
    martlet.utils.set_random_seed(99)
    again = load_model(tmp_path / "m.safetensors")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert again.fit(IMAGES, LABELS, **options).history == expected
    assert same(again.get_weights(), model.get_weights())


def test_a_training_of_a_program_without_python(tmp_path):
    """Such files do not have the arguments of `compile` in Keras's words."""
    path = str(tmp_path / "m.safetensors")
    model = chain()
    model.compile(
        martlet.optimizers.SGD(0.1, momentum=0.9),
        martlet.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy", martlet.metrics.SparseTopKCategoricalAccuracy(2, name="top")],
    )
    model.fit(IMAGES, LABELS, verbose=0)
    _native.model_save(model._model_handle(), path, {"training": True})
    expected = model.fit(IMAGES, LABELS, verbose=0).history
    again = load_model(path)
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert again.fit(IMAGES, LABELS, verbose=0).history == expected
    assert not load_model(path, compile=False).compiled


def test_weights_alone(tmp_path):
    path = tmp_path / "m.safetensors"
    model = shuffled(own())
    model.export(path)
    other = own()
    other.load_weights(path)
    assert same(predicted(other), predicted(model))
    before = (small := chain()).get_weights()
    with pytest.raises(
        ValueError, match=r"'conv2d/kernel' of shape \(3, 3, 3, 4\) of model 'chain'"
    ):
        small.load_weights(path)
    assert same(small.get_weights(), before)
    with pytest.raises(NotImplementedError, match="skip_mismatch=True"):
        small.load_weights(path, skip_mismatch=True)


def test_without_the_training(tmp_path):
    model = chain()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.save(tmp_path / "m.safetensors")
    assert not load_model(tmp_path / "m.safetensors", compile=False).compiled
    model.export(tmp_path / "small.safetensors")
    assert not load_model(tmp_path / "small.safetensors").compiled
    sizes = [os.path.getsize(tmp_path / f"{name}.safetensors") for name in ("m", "small")]
    assert sizes[1] < sizes[0] - 8 * model.count_params() + 200


def test_a_rate_of_ones_own_is_refused(tmp_path):
    class Mine(martlet.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.1

    model = chain()
    model.compile(martlet.optimizers.SGD(Mine()), "sparse_categorical_crossentropy")
    with pytest.raises(Exception, match="Mine|function, which a file of this kind cannot hold"):
        model.save(tmp_path / "m.safetensors")
    assert os.listdir(tmp_path) == []


def test_names_and_formats():
    model = chain()
    with pytest.raises(ValueError, match="must end in .onnx or .safetensors, got 'm.pb'"):
        model.export("m.pb")
    with pytest.raises(ValueError, match="unknown format 'onx'; did you mean 'onnx'"):
        model.export("m", format="onx")
    with pytest.raises(NotImplementedError, match="format='tf_saved_model'"):
        model.export("m", format="tf_saved_model")
    with pytest.raises(NotImplementedError, match="input_signature"):
        model.export("m.onnx", input_signature=[])
    with pytest.raises(TypeError, match="does not know the arguments"):
        model.export("m.onnx", opset=3)
    with pytest.raises(ValueError, match="is not built"):
        Sequential([layers.Dense(2)]).export("m.safetensors")
    with pytest.raises(ValueError, match="must end in .keras or .h5 or .safetensors"):
        model.save("m.pb")


def test_files_that_are_not_there(tmp_path):
    chain().save(tmp_path / "model.safetensors")
    with pytest.raises(FileNotFoundError, match="did you mean .*model.safetensors"):
        load_model(tmp_path / "modl.safetensors")
    with pytest.raises(OSError, match="could not be written: No such file or directory"):
        chain().save(tmp_path / "missing" / "m.safetensors")
    with pytest.raises(FileExistsError):
        chain().save(tmp_path / "model.safetensors", overwrite=False)


def test_a_full_disk_leaves_what_was_there(tmp_path):
    resource = pytest.importorskip("resource")
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"before")
    model = chain()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="m.safetensors' could not be written: File too large;"):
            model.export(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["m.safetensors"]
    with pytest.raises(OSError, match="something else than a file"):
        model.export("/dev/null", format="safetensors")


def write(path, header, data=b""):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    safetensors.numpy.save_file({"a": np.zeros(3, np.float32)}, path)
    with pytest.raises(ValueError, match="other.safetensors' holds tensors, but no model"):
        load_model(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(OSError, match="other.safetensors' cannot be read.*its header claims"):
        load_model(path)
    write(path, {"__metadata__": {"format": "martlet", "format_version": "3"}})
    with pytest.raises(ValueError, match="is of version '3' of the format"):
        load_model(path)


def test_losses_of_ones_own_cannot_go_into_the_file(tmp_path):
    x = Input((3,))
    model = Model(x, layers.Dense(1)(x))

    def absolute(y_true, y_pred):
        return ops.abs(y_true - y_pred)

    model.compile("sgd", absolute)
    path = tmp_path / "m.safetensors"
    with pytest.raises(ValueError) as error:
        model.save(path)
    assert str(error.value) == (
        "'absolute' is a loss or metric of the program's own, which a file of this kind cannot "
        "hold; leave the training out (export() in Python)"
    )
    assert not list(tmp_path.iterdir())
    model.export(path)
    assert load_model(path).count_params() == model.count_params()
