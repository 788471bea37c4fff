"""Where downloaded files are, and how they get there."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

Split = tuple[np.ndarray, np.ndarray]
Splits = tuple[Split, Split]


class Source(NamedTuple):
    """A file of a data set in its public home."""

    name: str
    url: str
    sha256: str


def cache_folder() -> Path:
    """Where downloads go: the platform's folder for caches."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "martlet"


def keras_folder(kind: str) -> Path:
    """Where Keras keeps downloads of a kind, such as ``"datasets"``."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / kind


def find(names: Sequence[str], folders: Sequence[Path] | None = None) -> Path | None:
    """The first of the names, files or folders, in the first folder that has one.

    Parameters
    ----------
    names
        Without folders.
    folders
        Where to look behind the one that ``MARTLET_DATA_DIR`` names; None for those of data sets.
    """
    if folders is None:
        folders = [cache_folder(), keras_folder("datasets")]
    if os.environ.get("MARTLET_DATA_DIR"):
        folders = [Path(os.environ["MARTLET_DATA_DIR"]), *folders]
    for folder in folders:
        for name in names:
            if (folder / name).exists():
                return folder / name
    return None


def fetch(source: Source) -> Path:
    """Downloads a file into the cache and checks its hash.

    Raises
    ------
    OSError
        If it cannot be had; the message says where to put it by hand.
    """
    return fetch_to(cache_folder() / source.name, source.url, Hash("sha256", source.sha256))


def fetch_to(target: Path, url: str, known: Hash | None) -> Path:
    """Downloads a file to a place in the cache and checks its hash; raises as `fetch` does."""
    download(url, target, known, f"put it at {target}, or set MARTLET_DATA_DIR to its folder")
    return target


class Hash(NamedTuple):
    """What a file is known by."""

    algorithm: str
    digest: str

    @property
    def label(self) -> str:
        """The algorithm as people write it."""
        return "SHA-256" if self.algorithm == "sha256" else self.algorithm.upper()

    def of(self, path: Path) -> str:
        """The digest of a file."""
        import hashlib

        found = hashlib.new(self.algorithm)
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                found.update(block)
        return found.hexdigest()


def download(url: str, target: Path, known: Hash | None, by_hand: str) -> None:
    """Downloads a file to a place, where it appears whole or not at all.

    Parameters
    ----------
    url
        Where it is.
    target
        Where it goes.
    known
        What it must be; None for anything.
    by_hand
        What to do with the file without a network, for the error.

    Raises
    ------
    OSError
        If it cannot be had, or is another file than the known one.
    """
    import http.client
    import tempfile
    import urllib.request

    partial = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        print(f"Downloading {url} to {target}", file=sys.stderr, flush=True)
        with (
            urllib.request.urlopen(url, timeout=60) as response,
            tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file,
        ):
            partial = Path(file.name)
            while block := response.read(1 << 20):
                file.write(block)
        found = known.of(partial) if known else ""
        if known and found != known.digest:
            raise _WrongFile(
                f"{url} did not give the known file: its {known.label} is {found}, expected "
                f"{known.digest}"
            )
        partial.replace(target)
    except _WrongFile:
        raise
    except (OSError, http.client.HTTPException):
        raise OSError(
            f"{target.name} is not here and cannot be downloaded: get {url} and {by_hand}"
        ) from None
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


class _WrongFile(OSError):
    pass


def from_npz(path: Path) -> Splits:
    """The four arrays of an archive in the form of Keras's ``mnist.npz``."""
    with np.load(path, allow_pickle=False) as archive:
        missing = {"x_train", "y_train", "x_test", "y_test"} - set(archive.files)
        if missing:
            raise ValueError(f"{path} lacks the arrays {sorted(missing)}")
        train = archive["x_train"], archive["y_train"]
        return train, (archive["x_test"], archive["y_test"])


def find_or_fetch(source: Source) -> Path:
    """The file, wherever it is or comes from."""
    return find([source.name]) or fetch(source)
