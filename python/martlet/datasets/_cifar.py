"""What both CIFAR data sets have in common: archives of pickled batches."""

from __future__ import annotations

import pickle
import tarfile
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from ._files import Source, fetch, find


class Archive(NamedTuple):
    """A data set as its authors give it: an archive with one folder."""

    source: Source
    #: The folder in the archive.
    folder: str
    #: What Keras calls the archive or the folder around.
    keras_name: str

    def batches(self, names: list[str]) -> list[dict[bytes, Any]]:
        """The pickled files of these names, from wherever the archive is or comes from.

        Raises
        ------
        OSError
            If it is not here and cannot be downloaded; the message says where to put it.
        ValueError
            If a file is missing in it.
        """
        found = find(
            [
                f"{self.keras_name}/{self.folder}",
                self.folder,
                self.source.name,
                f"{self.folder}.tar.gz",
                f"{self.keras_name}_archive",
            ]
        )
        found = found or fetch(self.source)
        if found.is_dir():
            return [_read((found / name).open("rb")) for name in names]
        with tarfile.open(found) as tar:
            return [_read(self._member(tar, found, name)) for name in names]

    def _member(self, tar: tarfile.TarFile, path: Path, name: str) -> IO[bytes]:
        try:
            file = tar.extractfile(f"{self.folder}/{name}")
        except KeyError:
            file = None
        if file is None:
            raise ValueError(f"{path} lacks {self.folder}/{name}")
        return file


def images(batch: dict[bytes, Any]) -> np.ndarray:
    """The images of a batch, channels last."""
    return batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


def labels(batch: dict[bytes, Any], key: bytes) -> np.ndarray:
    """Labels of a batch, as a column."""
    return np.array(batch[key], np.uint8)[:, None]


def _read(file: IO[bytes]) -> dict[bytes, Any]:
    with file:
        return _Unpickler(file, encoding="bytes").load()


class _Unpickler(pickle.Unpickler):
    """Reads arrays, lists and text, and refuses everything that could run code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return np.dtype
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np.zeros(0).__reduce__()[0]
        raise pickle.UnpicklingError(f"{module}.{name} has no place in this data set")
