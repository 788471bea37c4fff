"""Files that are whole or not there, and what reading them needs."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
from collections.abc import Iterator
from typing import Any

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
ZIP_SIGNATURE = b"PK\x03\x04"

#: Two threads that write one file do not meet in it.
_numbers = itertools.count()


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[str]:
    """A file to write that takes the place of `path` when the block ends.

    It stands beside `path` until then. If the block raises, or the disk is full, or the process
    ends, `path` is what it was before.

    Parameters
    ----------
    path
        The file to be. Its folder must exist. A link is followed.

    Yields
    ------
    str
        Path of the file to write, which is there and empty.

    Raises
    ------
    OSError
        If it cannot be written; the message names `path`.
    """
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    beside = os.path.join(folder, f".{name}.{os.getpid()}-{next(_numbers)}.new")
    if os.path.isdir(target):
        raise IsADirectoryError(f"{os.fspath(path)!r} is a folder; give the name of a file")
    if not os.path.isdir(folder):
        raise FileNotFoundError(
            f"{os.fspath(path)!r}: there is no folder {folder!r} to write it in"
        )
    try:
        with open(beside, "wb"):
            pass
        yield beside
        with open(beside, "rb") as file:
            os.fsync(file.fileno())
        if os.path.exists(target):
            os.chmod(beside, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(beside, target)
    except NotImplementedError:
        raise
    except (OSError, RuntimeError) as error:
        # h5py reports what the system refused in either kind.
        before = "; the file of that name is what it was" if os.path.exists(target) else ""
        raise OSError(f"{os.fspath(path)!r} could not be written: {error}{before}") from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(beside)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes a text file, whole or not at all."""
    with replacing(path) as beside, open(beside, "w", encoding="utf-8") as file:
        file.write(text)


def signature(path: str | os.PathLike[str], owner: str) -> bytes:
    """The first bytes of a file.

    Raises
    ------
    FileNotFoundError
        If there is none; the message suggests the nearest name beside it.
    IsADirectoryError
        If it is a folder.
    """
    name = os.fspath(path)
    if os.path.isdir(name):
        raise IsADirectoryError(
            f"{owner}: {name!r} is a folder; Martlet reads files: .keras, .weights.h5, .h5 and "
            ".safetensors"
        )
    try:
        with open(name, "rb") as file:
            return file.read(len(HDF5_SIGNATURE))
    except FileNotFoundError:
        raise FileNotFoundError(f"{owner}: there is no file {name!r}{_near(name)}") from None


def _near(name: str) -> str:
    from ._errors import nearest_name

    folder, base = os.path.split(name)
    if not os.path.isdir(folder or "."):
        return f" and no folder {folder!r}"
    near = nearest_name(base, os.listdir(folder or "."))
    return f"; did you mean {os.path.join(folder, near)!r}?" if near else ""


#: What is raised of content that is wrong, and reaches the user as that.
_TOLD = (NotImplementedError, ValueError, TypeError, OSError, MemoryError)
#: What content raises that is not what it is taken for.
_DAMAGE = (LookupError, AttributeError, AssertionError, ArithmeticError, RuntimeError, EOFError)


@contextlib.contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[None]:
    """Makes what is wrong with the content of a file an error that names the file.

    Files may hold anything: what is not there, or of another kind, is damage and not a mistake of
    the program.
    """
    name = os.fspath(path)
    try:
        yield
    except _TOLD as error:
        if name in str(error):
            raise
        kind = next(each for each in _TOLD if isinstance(error, each))
        raise kind(f"{name!r}: {error}") from error
    except _DAMAGE as error:
        what = "it is nested too deep" if isinstance(error, RecursionError) else repr(error)
        raise OSError(f"{name!r} cannot be read, it is damaged: {what}") from error


def h5py() -> Any:
    """The package that reads and writes HDF5.

    Raises
    ------
    ImportError
        If it is missing; the message says how to get it.
    """
    try:
        import h5py
    except ImportError:
        raise ImportError(
            'files of weights and models need the package h5py: pip install "martlet[files]"'
        ) from None
    return h5py
