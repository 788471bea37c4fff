"""`utils.get_file`: files from the network, kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .datasets._files import Hash


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Downloads a file, unless it is there already.

    Parameters
    ----------
    fname
        Name of the file; None for the last part of `origin`.
    origin
        Where it is, as a URL.
    untar, extract
        Whether it is an archive to be unpacked.
    md5_hash, file_hash
        What it must be; a file that is there and is another is downloaded again.
    cache_subdir, cache_dir
        Where to keep it: this folder of that one. None for Martlet's cache.
    hash_algorithm
        ``"sha256"``, ``"md5"``, or ``"auto"`` for what the length of `file_hash` tells.
    archive_format
        ``"tar"``, ``"zip"``, or ``"auto"`` for either.
    force_download
        Whether to download it even if it is there.

    Returns
    -------
    str
        Where the file is; of an archive to be unpacked, the folder with what was in it.

    Raises
    ------
    OSError
        If it cannot be had (the message says where to put it by hand), is not the file that the
        hash tells, or is no archive.
    ValueError
        If arguments contradict each other.
    """
    from pathlib import Path

    from .datasets._files import cache_folder, download

    if origin is None:
        raise ValueError('get_file: give the URL of the file: origin="https://..."')
    name = os.fspath(fname) if fname else _last_part(origin)
    if not name or Path(name).name != name:
        raise ValueError(
            f"get_file: fname must be the name of a file without folders, got {name!r}; folders go "
            "into cache_dir and cache_subdir"
        )
    known = _known(file_hash or md5_hash, "md5" if not file_hash and md5_hash else hash_algorithm)
    folder = Path(cache_dir).expanduser() if cache_dir else cache_folder()
    target = folder / cache_subdir / name
    if force_download or not target.is_file() or (known and known.of(target) != known.digest):
        download(origin, target, known, f"put it at {target}")
    if not (untar or extract):
        return str(target)
    return str(_unpacked(target, "tar" if untar else archive_format))


def _last_part(url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(url).path.rpartition("/")[2]


def _known(digest: str | None, algorithm: str) -> Hash | None:
    from .datasets._files import Hash

    if algorithm not in ("auto", "md5", "sha256"):
        raise ValueError(
            f"get_file: hash_algorithm must be 'auto', 'md5' or 'sha256', got {algorithm!r}"
        )
    if digest is None:
        return None
    if algorithm == "auto":
        algorithm = "md5" if len(digest) == 32 else "sha256"
    return Hash(algorithm, digest.lower())


def _unpacked(archive: Path, form: str | None) -> Path:
    """The folder beside an archive with what is in it; unpacked anew each time, as in Keras."""
    import shutil
    import tarfile
    import tempfile
    import zipfile
    from pathlib import Path

    target = archive.with_name(f"{archive.name.split('.')[0]}_extracted")
    # Appears whole or not at all.
    with tempfile.TemporaryDirectory(dir=archive.parent) as scratch:
        inside = Path(scratch, "inside")
        if form in ("auto", "tar") and tarfile.is_tarfile(archive):
            with tarfile.open(archive) as tar:
                _extract_tar(tar, inside)
        elif form in ("auto", "zip") and zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped:
                zipped.extractall(inside)
        else:
            kinds = "a tar or zip" if form == "auto" else f"a {form}"
            raise OSError(f"get_file: {archive} is not {kinds} archive, so it cannot be unpacked")
        if target.exists():
            shutil.rmtree(target)
        inside.replace(target)
    return target


def _extract_tar(tar: object, folder: Path) -> None:
    import tarfile

    assert isinstance(tar, tarfile.TarFile)
    if not hasattr(tarfile, "data_filter"):
        raise OSError("get_file: unpacking needs a Python that refuses unsafe archives; update it")
    tar.extractall(folder, filter="data")
