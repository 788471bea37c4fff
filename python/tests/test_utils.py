"""The small helpers of `martlet.utils`: downloads, progress for one's own loops, vectors."""

from __future__ import annotations

import hashlib
import io
import tarfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest

import martlet
from martlet.utils import Progbar, get_file, normalize

URL = "https://example.org/files/data.txt?version=2"
CONTENT = b"some numbers\n"


class Web:
    """Stands for the network: an answer for each request, and who asked."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[str] = []

    def __call__(self, url: str, timeout: float):
        self.asked.append(url)
        return io.BytesIO(self.content)


@pytest.fixture
def web(monkeypatch, tmp_path):
    web = Web(CONTENT)
    monkeypatch.setattr(urllib.request, "urlopen", web)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return web


def archive(form: str) -> bytes:
    memory = io.BytesIO()
    if form == "zip":
        with zipfile.ZipFile(memory, "w") as zipped:
            zipped.writestr("inside/a.txt", CONTENT)
    else:
        with tarfile.open(fileobj=memory, mode="w:gz") as tar:
            entry = tarfile.TarInfo("inside/a.txt")
            entry.size = len(CONTENT)
            tar.addfile(entry, io.BytesIO(CONTENT))
    return memory.getvalue()


# ---- get_file --------------------------------------------------------------------------------


def test_files_are_downloaded_once(web, tmp_path):
    path = get_file(origin=URL, cache_dir=tmp_path, cache_subdir="mine")
    assert path == str(tmp_path / "mine" / "data.txt")
    assert Path(path).read_bytes() == CONTENT
    assert get_file(origin=URL, cache_dir=tmp_path, cache_subdir="mine") == path
    assert web.asked == [URL]
    get_file(origin=URL, cache_dir=tmp_path, cache_subdir="mine", force_download=True)
    assert len(web.asked) == 2


def test_without_a_folder_the_cache_is_used(web, tmp_path):
    path = get_file("other.txt", URL)
    assert Path(path).name == "other.txt" and Path(path).parent.name == "datasets"
    assert tmp_path in Path(path).parents


@pytest.mark.parametrize("arguments", ["file_hash", "md5_hash", "sha"])
def test_hashes_are_checked(web, tmp_path, arguments):
    algorithm = "sha256" if arguments == "sha" else "md5"
    digest = hashlib.new(algorithm, CONTENT).hexdigest()
    given = {"md5_hash" if arguments == "md5_hash" else "file_hash": digest.upper()}
    path = get_file(origin=URL, cache_dir=tmp_path, **given)
    # What was changed is fetched again.
    Path(path).write_text("changed")
    assert Path(get_file(origin=URL, cache_dir=tmp_path, **given)).read_bytes() == CONTENT
    assert len(web.asked) == 2


def test_another_file_than_the_known_one_is_refused(web, tmp_path):
    with pytest.raises(OSError) as caught:
        get_file(origin=URL, cache_dir=tmp_path, file_hash="0" * 64)
    found = hashlib.sha256(CONTENT).hexdigest()
    assert str(caught.value) == (
        f"{URL} did not give the known file: its SHA-256 is {found}, expected {'0' * 64}"
    )
    assert not list((tmp_path / "datasets").iterdir())


def test_offline_the_message_says_what_goes_where(tmp_path, monkeypatch):
    def fail(url, timeout):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", fail)
    with pytest.raises(OSError) as caught:
        get_file(origin=URL, cache_dir=tmp_path)
    target = tmp_path / "datasets" / "data.txt"
    assert str(caught.value) == (
        f"data.txt is not here and cannot be downloaded: get {URL} and put it at {target}"
    )
    target.write_bytes(CONTENT)
    assert get_file(origin=URL, cache_dir=tmp_path) == str(target)


@pytest.mark.parametrize("form", ["tar", "zip"])
def test_archives_are_unpacked(web, tmp_path, form):
    web.content = archive(form)
    for _ in range(2):
        path = get_file("pack.tar.gz", URL, extract=True, cache_dir=tmp_path, archive_format=form)
        assert path == str(tmp_path / "datasets" / "pack_extracted")
        assert Path(path, "inside", "a.txt").read_bytes() == CONTENT
    assert len(web.asked) == 1


def test_what_is_no_archive_is_refused(web, tmp_path):
    with pytest.raises(OSError, match="data.txt is not a tar or zip archive"):
        get_file(origin=URL, extract=True, cache_dir=tmp_path)
    with pytest.raises(OSError, match="data.txt is not a tar archive"):
        get_file(origin=URL, untar=True, cache_dir=tmp_path)


def test_archives_cannot_write_elsewhere(web, tmp_path):
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("../../outside.txt"), io.BytesIO())
    web.content = memory.getvalue()
    with pytest.raises(tarfile.TarError):
        get_file("bad.tar", URL, untar=True, cache_dir=tmp_path)
    assert [each.name for each in tmp_path.rglob("*.txt")] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, 'get_file: give the URL of the file: origin="https://..."'),
        ({"origin": "https://example.org/"}, "must be the name of a file without folders, got ''"),
        ({"origin": URL, "fname": "a/b.txt"}, "without folders, got 'a/b.txt'"),
        ({"origin": URL, "hash_algorithm": "crc"}, "must be 'auto', 'md5' or 'sha256', got 'crc'"),
    ],
)
def test_contradictions_are_named(arguments, message):
    with pytest.raises(ValueError) as caught:
        get_file(**arguments)
    assert message in str(caught.value)


# ---- Progbar ---------------------------------------------------------------------------------


def test_progbar_ends_like_fit(capsys):
    bar = Progbar(4)
    bar.update(1, [("loss", 1.0), ("step", 1)])
    bar.add(3, [("loss", 0.5), ("step", 2)])
    assert "4/4 ━━━━━━━━━━━━━━━━━━━━ 0s" in capsys.readouterr().out


@pytest.mark.parametrize(
    "names", [{"stateful_metrics": ["rate"]}, {"stateless_metrics": ["loss"]}, {}]
)
def test_progbar_means_are_those_of_keras(names, capsys):
    keras = pytest.importorskip("keras")
    ours = Progbar(10, verbose=0, **names)
    theirs = keras.utils.Progbar(10, verbose=0, **names)
    for current, loss in [(1, 4.0), (3, 2.0), (7, 1.0), (10, 0.5)]:
        for bar in (ours, theirs):
            bar.update(current, [("loss", loss), ("rate", loss)])
        expected = {name: total / count for name, (total, count) in theirs._values.items()}
        assert ours.values == pytest.approx(expected)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("target", [None, 0, 2.5, True])
def test_progbar_needs_an_end(target):
    with pytest.raises(ValueError, match="Progbar: target must be a whole number from 1 up"):
        Progbar(target)


def test_progbar_takes_one_kind_of_names():
    with pytest.raises(ValueError, match="stateful_metrics or stateless_metrics, not both"):
        Progbar(1, stateful_metrics=["a"], stateless_metrics=["b"])


# ---- Arrays ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("axis", "order"), [(-1, 2), (1, 2), (-1, 1)])
def test_normalize_is_that_of_keras(axis, order):
    keras = pytest.importorskip("keras")
    x = np.random.default_rng(0).normal(size=(4, 5))
    x[2] = 0
    assert np.array_equal(normalize(x, axis, order), keras.utils.normalize(x, axis, order))


def test_normalize_goes_along_the_axis_named():
    assert np.allclose(np.linalg.norm(normalize(np.ones((2, 3)), axis=0), axis=0), 1)


def test_clear_session_is_here_too():
    assert martlet.utils.clear_session is martlet.backend.clear_session
