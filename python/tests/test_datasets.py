"""Data sets: what comes with the package, where files are looked for, and what is said offline."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import tarfile
import urllib.error
import urllib.request

import numpy as np
import pytest

from martlet.datasets import _files, cifar10, cifar100, digits, fashion_mnist, mnist


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No data, no caches, no network."""
    monkeypatch.delenv("MARTLET_DATA_DIR", raising=False)
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def refuse(*_arguments, **_options):
        raise urllib.error.URLError("no network in tests")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


def small(count=6, side=28):
    random = np.random.default_rng(count)
    return {
        "x_train": random.integers(0, 256, (count, side, side), dtype=np.uint8),
        "y_train": random.integers(0, 10, count, dtype=np.uint8),
        "x_test": random.integers(0, 256, (2, side, side), dtype=np.uint8),
        "y_test": random.integers(0, 10, 2, dtype=np.uint8),
    }


def assert_same(found, expected):
    (x_train, y_train), (x_test, y_test) = found
    for array, key in zip(
        (x_train, y_train, x_test, y_test), ("x_train", "y_train", "x_test", "y_test"), strict=True
    ):
        assert array.dtype == np.uint8
        assert array.tolist() == expected[key].tolist()


def test_digits():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert x_train.shape == (1438, 8, 8)
    assert y_train.shape == (1438,)
    assert x_test.shape == (359, 8, 8)
    assert y_test.shape == (359,)
    assert x_train.dtype == y_train.dtype == np.uint8
    assert x_train.max() == 16
    assert sorted(set(y_train)) == sorted(set(y_test)) == list(range(10))


@pytest.mark.parametrize("place", ["MARTLET_DATA_DIR", "cache", "keras"])
def test_mnist_in_each_place(place, tmp_path, monkeypatch):
    folder = {
        "MARTLET_DATA_DIR": tmp_path / "data",
        "cache": tmp_path / "cache" / "martlet",
        "keras": tmp_path / "home" / ".keras" / "datasets",
    }[place]
    folder.mkdir(parents=True)
    monkeypatch.setenv("MARTLET_DATA_DIR", str(tmp_path / "data"))
    expected = small()
    np.savez(folder / "mnist.npz", **expected)
    assert_same(mnist.load_data(), expected)


def test_the_folder_named_by_hand_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("MARTLET_DATA_DIR", str(tmp_path / "data"))
    for name, count in ((tmp_path / "data", 3), (tmp_path / "cache" / "martlet", 4)):
        name.mkdir(parents=True)
        np.savez(name / "mnist.npz", **small(count))
    assert_same(mnist.load_data(), small(3))


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (mnist.load_data, "mnist.npz"),
        (fashion_mnist.load_data, "train-images-idx3-ubyte.gz"),
        (cifar10.load_data, "cifar-10-python.tar.gz"),
        (cifar100.load_data, "cifar-100-python.tar.gz"),
    ],
)
def test_offline_one_line_says_which_file_goes_where(load, name, tmp_path):
    with pytest.raises(OSError, match="cannot be downloaded") as caught:
        load()
    message = str(caught.value)
    assert name in message
    assert str(tmp_path / "cache" / "martlet") in message
    assert "MARTLET_DATA_DIR" in message
    assert "https://" in message
    assert "\n" not in message
    assert caught.value.__suppress_context__


class Response(io.BytesIO):
    """What the network would give."""


def test_downloads_are_checked_and_kept(tmp_path, monkeypatch):
    content = io.BytesIO()
    np.savez(content, **small())
    asked = []

    def answer(url, timeout):
        asked.append(url)
        return Response(content.getvalue())

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    with pytest.raises(OSError, match="SHA-256"):
        mnist.load_data()
    folder = tmp_path / "cache" / "martlet"
    assert list(folder.iterdir()) == []
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    monkeypatch.setattr(mnist, "_SOURCE", mnist._SOURCE._replace(sha256=digest))
    assert_same(mnist.load_data(), small())
    assert [each.name for each in folder.iterdir()] == ["mnist.npz"]
    asked.clear()
    assert_same(mnist.load_data(), small())
    assert asked == []


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(header + array.tobytes())


@pytest.mark.parametrize("place", ["MARTLET_DATA_DIR", "keras"])
def test_fashion_mnist_from_the_original_files(place, tmp_path, monkeypatch):
    monkeypatch.setenv("MARTLET_DATA_DIR", str(tmp_path / "data"))
    folder = tmp_path / "data" if place != "keras" else tmp_path / "home" / ".keras" / "datasets"
    folder = folder / "fashion-mnist"
    folder.mkdir(parents=True)
    expected = small()
    names = {"train": ("x_train", "y_train"), "t10k": ("x_test", "y_test")}
    for stem, (images, labels) in names.items():
        (folder / f"{stem}-images-idx3-ubyte.gz").write_bytes(idx(expected[images]))
        (folder / f"{stem}-labels-idx1-ubyte.gz").write_bytes(idx(expected[labels]))
    assert_same(fashion_mnist.load_data(), expected)
    assert len(fashion_mnist.CLASSES) == 10


def test_fashion_mnist_from_an_archive(tmp_path, monkeypatch):
    monkeypatch.setenv("MARTLET_DATA_DIR", str(tmp_path))
    np.savez(tmp_path / "fashion_mnist.npz", **small())
    assert_same(fashion_mnist.load_data(), small())


def cifar_batches():
    random = np.random.default_rng(0)
    for name in cifar10._BATCHES:
        yield (
            name,
            {
                b"data": random.integers(0, 256, (3, 3072), dtype=np.uint8),
                b"labels": random.integers(0, 10, 3).tolist(),
            },
        )


@pytest.mark.parametrize("packed", [True, False])
def test_cifar10(packed, tmp_path, monkeypatch):
    monkeypatch.setenv("MARTLET_DATA_DIR", str(tmp_path))
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    batches = dict(cifar_batches())
    for name, batch in batches.items():
        (folder / name).write_bytes(pickle.dumps(batch, protocol=4))
    if packed:
        with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as tar:
            tar.add(folder, "cifar-10-batches-py")
        for name in batches:
            (folder / name).unlink()
        folder.rmdir()
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert x_train.shape == (15, 32, 32, 3)
    assert y_train.shape == (15, 1)
    assert x_test.shape == (3, 32, 32, 3)
    assert y_test.tolist() == [[label] for label in batches["test_batch"][b"labels"]]
    red = batches["data_batch_1"][b"data"][0, :1024].reshape(32, 32)
    assert x_train[0, :, :, 0].tolist() == red.tolist()


@pytest.mark.parametrize("label_mode", ["fine", "coarse"])
def test_cifar100(label_mode, tmp_path, monkeypatch):
    monkeypatch.setenv("MARTLET_DATA_DIR", str(tmp_path))
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    random = np.random.default_rng(0)
    for name, count in (("train", 5), ("test", 2)):
        batch = {
            b"data": random.integers(0, 256, (count, 3072), dtype=np.uint8),
            b"fine_labels": list(range(count)),
            b"coarse_labels": [7] * count,
        }
        (folder / name).write_bytes(pickle.dumps(batch, protocol=4))
    (x_train, y_train), (x_test, y_test) = cifar100.load_data(label_mode)
    assert x_train.shape == (5, 32, 32, 3) and x_test.shape == (2, 32, 32, 3)
    assert x_test[0, :, :, 1].ravel().tolist() == batch[b"data"][0, 1024:2048].tolist()
    assert y_train.dtype == np.uint8
    assert y_test.tolist() == ([[0], [1]] if label_mode == "fine" else [[7], [7]])
    assert len(y_train) == 5


def test_cifar100_has_two_kinds_of_labels():
    with pytest.raises(ValueError, match="^unknown label_mode 'corse'; did you mean 'coarse'"):
        cifar100.load_data("corse")


def test_cifar10_runs_no_code(tmp_path, monkeypatch):
    monkeypatch.setenv("MARTLET_DATA_DIR", str(tmp_path))
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(pickle.dumps({b"data": print}))
    with pytest.raises(pickle.UnpicklingError, match="print"):
        cifar10.load_data()


def test_archives_that_lack_something(tmp_path, monkeypatch):
    monkeypatch.setenv("MARTLET_DATA_DIR", str(tmp_path))
    np.savez(tmp_path / "mnist.npz", x_train=np.zeros(3))
    with pytest.raises(ValueError, match=r"lacks the arrays \['x_test', 'y_test', 'y_train'\]"):
        mnist.load_data()


def test_caches_of_the_platforms(monkeypatch):
    monkeypatch.setattr(_files.sys, "platform", "darwin")
    assert _files.cache_folder().parts[-3:] == ("Library", "Caches", "martlet")
