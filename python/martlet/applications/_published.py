"""Where weights and names of classes have been published."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ..datasets import _files

HOME = "https://storage.googleapis.com/tensorflow/keras-applications"


class Published(NamedTuple):
    """A file in its public home."""

    url: str
    #: None where none has been published.
    md5: str | None = None

    def path(self) -> Path:
        """Where the file is here: in one of the folders where it is looked for, or downloaded.

        Raises
        ------
        OSError
            If it cannot be had; the message says where to put it by hand.
        """
        name = self.url.rpartition("/")[2]
        folder = _files.cache_folder() / "models"
        found = _files.find([name], [folder, _files.keras_folder("models")])
        known = _files.Hash("md5", self.md5) if self.md5 else None
        return found or _files.fetch_to(folder / name, self.url, known)


#: The files of a network by whether they hold its top.
Pair = dict[bool, Published]


def pair(folder: str, name: str, with_top: str, without_top: str) -> Pair:
    """The files of a network that are named as most are; by their MD5 hashes."""
    stem = f"{HOME}/{folder}/{name}_weights_tf_dim_ordering_tf_kernels"
    return {
        True: Published(f"{stem}.h5", with_top),
        False: Published(f"{stem}_notop.h5", without_top),
    }
