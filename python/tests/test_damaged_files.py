"""Files that are cut short, damaged or lie: an error that names them, bounded memory, no crash."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile

import h5py
import numpy as np
import pytest

import martlet
from martlet import Input, Sequential, layers
from martlet.models import load_model

#: What a user may be told; anything else is a mistake of Martlet's.
ERRORS = (ValueError, TypeError, OSError, NotImplementedError, MemoryError)
ENDINGS = ("keras", "h5", "weights.h5", "safetensors")


def make():
    model = Sequential(
        [
            Input((6, 6, 1)),
            layers.Conv2D(2, 3),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    model.compile("adam", "mse")
    return model


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file of each format."""
    folder = tmp_path_factory.mktemp("whole")
    model = make()
    for ending in ENDINGS:
        path = folder / f"m.{ending}"
        if ending == "weights.h5":
            model.save_weights(path)
        else:
            model.save(path)
    return {ending: (folder / f"m.{ending}").read_bytes() for ending in ENDINGS}


def read(path):
    """Reads a file into a model of its own; what is raised names the file."""
    try:
        if path.name.endswith(".weights.h5"):
            make().load_weights(path)
        else:
            load_model(path)
    except ERRORS as error:
        assert str(path) in str(error), repr(error)
        return error
    return None


def flipped(content, position):
    damaged = bytearray(content)
    damaged[position] ^= 1 << (position % 8)
    return bytes(damaged)


def positions(content, count):
    """Some in the middle, all at both ends."""
    ends = min(count // 4, 40)
    middle = np.linspace(0, len(content) - 1, count - 2 * ends).astype(int).tolist()
    return sorted({*range(ends), *middle, *range(len(content) - ends, len(content))})


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("ending", ENDINGS)
class TestDamage:
    def check_cut(self, content, ending, folder, count):
        for position in positions(content, count):
            path = folder / f"cut.{ending}"
            path.write_bytes(content[:position])
            assert read(path) is not None

    def check_flipped(self, content, ending, folder, count):
        for position in positions(content, count):
            path = folder / f"flipped.{ending}"
            path.write_bytes(flipped(content, position))
            read(path)

    def test_cut_short(self, files, ending, tmp_path):
        self.check_cut(files[ending], ending, tmp_path, 40)

    def test_a_flipped_bit(self, files, ending, tmp_path):
        self.check_flipped(files[ending], ending, tmp_path, 60)

    @pytest.mark.nightly
    def test_cut_short_thoroughly(self, files, ending, tmp_path):
        self.check_cut(files[ending], ending, tmp_path, 2000)

    @pytest.mark.nightly
    def test_every_bit_flipped_now_and_then(self, files, ending, tmp_path):
        self.check_flipped(files[ending], ending, tmp_path, 4000)


# ---- Lies ------------------------------------------------------------------------------------


def members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive(path, parts, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in parts.items():
            file.writestr(name, content)


@pytest.mark.parametrize("member", ["config.json", "model.weights.h5"])
def test_members_that_expand_without_end(files, member, tmp_path):
    path = tmp_path / "bomb.keras"
    archive(path, {**members(files["keras"]), member: bytes(200 << 20)})
    assert os.path.getsize(path) < 1 << 20
    assert f"{member} claims to be 209,715,200 bytes; it is not read" in str(read(path))


def test_compressed_members_are_read(files, tmp_path):
    archive(tmp_path / "small.keras", members(files["keras"]))
    assert read(tmp_path / "small.keras") is None


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_json_that_is_nested_without_end(files, ending, tmp_path):
    path = tmp_path / f"deep.{ending}"
    for deep in ("[" * 100_000, '{"config": ' * 50_000 + "1" + "}" * 50_000):
        if ending == "keras":
            archive(path, {**members(files["keras"]), "config.json": deep})
        else:
            path.write_bytes(files["h5"])
            with h5py.File(path, "a") as file:
                file.attrs["model_config"] = deep[:60_000]
        assert isinstance(read(path), OSError)


def test_a_model_within_itself_without_end(files, tmp_path):
    description = {"class_name": "Dense", "config": {"units": 2}}
    for _ in range(150):
        shape = {"class_name": "InputLayer", "config": {"batch_shape": [None, 2]}}
        config = {"layers": [shape, description]}
        description = {"class_name": "Sequential", "config": config}
    archive(
        tmp_path / "deep.keras",
        {**members(files["keras"]), "config.json": json.dumps(description)},
    )
    assert "deep" in str(read(tmp_path / "deep.keras"))


def renewed(path, files, key, ending, **options):
    """An HDF5 file with another dataset at a place."""
    path.write_bytes(files[ending])
    with h5py.File(path, "a") as file:
        del file[key]
        file.create_dataset(key, **options)


PLACES = {
    "weights.h5": "layers/dense/vars/0",
    "h5": "model_weights/dense/sequential/dense/kernel",
}


@pytest.mark.parametrize("ending", PLACES)
def test_datasets_that_claim_to_be_huge(files, ending, tmp_path):
    path = tmp_path / f"huge.{ending}"
    with h5py.File(io.BytesIO(files[ending])) as file:
        found = []
        file.visit(found.append)
    place = next(
        each
        for each in found
        if each.endswith(PLACES[ending].rpartition("/")[2])
        and "dense" in each
        and "optimizer" not in each
    )
    renewed(path, files, place, ending, shape=(2**20, 2**20), dtype="f4", chunks=(64, 64))
    error = read(path)
    assert isinstance(error, ValueError) and "1048576" in str(error)
    renewed(path, files, place, ending, data=np.zeros((32, 2), "S5"))
    assert "expected numbers" in str(read(path))


def test_groups_where_numbers_should_be(files, tmp_path):
    path = tmp_path / "group.weights.h5"
    path.write_bytes(files["weights.h5"])
    with h5py.File(path, "a") as file:
        del file["layers/dense/vars/0"]
        file.create_group("layers/dense/vars/0")
    assert isinstance(read(path), ValueError)


def header(content):
    length = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def test_tensors_of_a_model_that_claims_to_be_huge(files, tmp_path):
    """Held against the file before there is memory for the weights."""
    described, data = header(files["safetensors"])
    text = described["__metadata__"]["model"]
    assert '"units": 2' in text
    described["__metadata__"]["model"] = text.replace('"units": 2', '"units": 16777216')
    encoded = json.dumps(described).encode()
    path = tmp_path / "huge.safetensors"
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + data)
    assert "tensor 'dense/kernel' has shape (32, 2), expected (32, 16777216)" in str(read(path))


@pytest.mark.parametrize("key", ["model", "training", "keras_compile_config"])
@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "{}", '{"a": 1}', "null", "7"])
def test_metadata_that_is_something_else(files, key, text, tmp_path):
    described, data = header(files["safetensors"])
    described["__metadata__"][key] = text
    encoded = json.dumps(described).encode()
    path = tmp_path / "other.safetensors"
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + data)
    assert read(path) is not None


def test_the_whole_files_are_read(files, tmp_path):
    for ending, content in files.items():
        path = tmp_path / f"whole.{ending}"
        path.write_bytes(content)
        assert read(path) is None
    assert martlet.__version__
