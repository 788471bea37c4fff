"""Whole models in files: architecture, weights, and what they were compiled with.

A ``.keras`` file is a ZIP archive, nothing compressed, of ``metadata.json``, ``config.json`` and
``model.weights.h5``, as Keras 3 writes and reads it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import _files, _native, _weights_file
from ._serialization import deserialize_keras_object, serialize_keras_object

if TYPE_CHECKING:
    from .models import Model

#: The release of Keras whose layout this is.
KERAS_VERSION = "3.15.1"
_WEIGHTS = "model.weights.h5"
#: Larger than any configuration.
_LARGEST_CONFIG = 1 << 26
#: What the weights may take: a weight and what optimizers remember of it, in double precision, and
#: the names of groups. Only compressed ones are held to it: others are no larger than the file.
_ROOM, _ROOM_PER_WEIGHT = 1 << 26, 64


# ---- Writing ---------------------------------------------------------------------------------


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Writes a ``.keras`` file, whole or not at all."""
    config = json.dumps(describe(model), allow_nan=False)
    with _files.replacing(path) as beside:
        weights = f"{beside}.weights"
        try:
            save_weights(model, weights)
            with zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr("metadata.json", json.dumps(_metadata()))
                archive.writestr("config.json", config)
                archive.write(weights, _WEIGHTS)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(weights)


def save_legacy(model: Model, path: str | os.PathLike[str]) -> None:
    """Writes an ``.h5`` file of the whole model, whole or not at all."""
    from . import _legacy_file

    h5py = _files.h5py()
    with _files.replacing(path) as beside, h5py.File(beside, "w") as file:
        _legacy_file.write(model, file)


def save_weights(model: Model, path: str | os.PathLike[str]) -> None:
    """Writes a ``.weights.h5`` file, whole or not at all."""
    h5py = _files.h5py()
    with _files.replacing(path) as beside, h5py.File(beside, "w") as file:
        _weights_file.write(model, file)


def describe(model: Model) -> dict[str, Any]:
    """What ``config.json`` holds."""
    return {**serialize_keras_object(model), "compile_config": model.get_compile_config() or None}


def _metadata() -> dict[str, str]:
    from datetime import datetime

    return {
        "keras_version": KERAS_VERSION,
        "martlet_version": _native.version(),
        "date_saved": f"{datetime.now():%Y-%m-%d@%H:%M:%S}",
    }


# ---- Reading ---------------------------------------------------------------------------------


def load_model(
    path: str | os.PathLike[str], custom_objects: dict[str, Any] | None, compiles: bool
) -> Model:
    """The model of a file."""
    name = os.fspath(path)
    start = _files.signature(path, "load_model")
    with _files.reading(name):
        return _model_of(name, start, custom_objects, compiles)


def _model_of(
    name: str, start: bytes, custom_objects: dict[str, Any] | None, compiles: bool
) -> Model:
    if start == _files.HDF5_SIGNATURE:
        from . import _legacy_file

        with _weights_file.opened(name, name) as file:
            return _legacy_file.load_model(file, name, custom_objects, compiles)
    with _archive(name, start) as archive:
        description = _json(archive, "config.json", name)
        model = from_description(description, custom_objects)
        if compiles:
            compile_as_described(model, description.get("compile_config"), custom_objects)
        if model.built:
            with _weights_in(archive, name, model) as file:
                _weights_file.load(model, file, name)
    return model


def load_weights(model: Model, path: str | os.PathLike[str], skip_mismatch: bool) -> None:
    """Gives a model the weights of a file of any of the formats."""
    name = os.fspath(path)
    start = _files.signature(path, "load_weights")
    with _files.reading(name):
        _load_weights(model, name, start, skip_mismatch)


def _load_weights(model: Model, name: str, start: bytes, skip_mismatch: bool) -> None:
    if start.startswith(_files.ZIP_SIGNATURE):
        with _archive(name, start) as archive, _weights_in(archive, name, model) as file:
            _weights_file.load(model, file, name, skip_mismatch)
        return
    if start != _files.HDF5_SIGNATURE:
        raise _no_format(name, start)
    with _weights_file.opened(name, name) as file:
        from . import _legacy_file

        if _legacy_file.is_legacy(file):
            _legacy_file.load_weights(model, file, name, skip_mismatch)
        else:
            _weights_file.load(model, file, name, skip_mismatch)


def from_description(description: Any, custom_objects: dict[str, Any] | None) -> Model:
    """A new model as ``config.json`` or a text of `to_json` describes it."""
    from .models import Model

    model = deserialize_keras_object(description, custom_objects)
    if not isinstance(model, Model):
        raise ValueError(f"expected the description of a model, got {type(model).__name__}")
    return model


def compile_as_described(
    model: Model, configuration: dict[str, Any] | None, custom_objects: dict[str, Any] | None
) -> None:
    """Compiles a model with what a file says of the training, where it says something."""
    if not configuration or configuration.get("optimizer") is None:
        return
    try:
        arguments = deserialize_keras_object(configuration, custom_objects)
        model.compile(**arguments)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise type(error)(
            f"{error}. This is what the file says of the training; load_model(..., compile=False) "
            "leaves that out"
        ) from None


@contextlib.contextmanager
def _archive(name: str, start: bytes) -> Iterator[zipfile.ZipFile]:
    if not start.startswith(_files.ZIP_SIGNATURE):
        raise _no_format(name, start)
    try:
        with zipfile.ZipFile(name) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError) as error:
        raise OSError(f"{name!r} cannot be read, it is cut short or damaged: {error}") from error


@contextlib.contextmanager
def _weights_in(archive: zipfile.ZipFile, name: str, model: Model) -> Iterator[Any]:
    largest = _ROOM + _ROOM_PER_WEIGHT * model.count_params()
    content = _member(archive, _WEIGHTS, name, largest)
    with _weights_file.opened(io.BytesIO(content), name) as file:
        yield file


def _json(archive: zipfile.ZipFile, member: str, name: str) -> Any:
    content = _member(archive, member, name, _LARGEST_CONFIG)
    try:
        return json.loads(content)
    except ValueError as error:
        raise OSError(f"{name!r} is damaged: its {member} is no JSON text ({error})") from None


def _member(archive: zipfile.ZipFile, member: str, name: str, largest: int) -> bytes:
    try:
        info = archive.getinfo(member)
    except KeyError:
        raise ValueError(
            f"{name!r} is no model that Martlet can read: there is no {member} in it, only "
            f"{', '.join(archive.namelist()[:5]) or 'nothing'}"
        ) from None
    if info.compress_type == zipfile.ZIP_STORED:
        fits = info.file_size == info.compress_size
    else:
        fits = info.file_size <= largest
    if not fits:
        raise ValueError(
            f"{name!r}: {member} claims to be {info.file_size:,} bytes; it is not read"
        )
    return archive.read(info)


def _no_format(name: str, start: bytes) -> OSError:
    what = "it is empty" if not start else f"it begins with {start!r}"
    return OSError(f"{name!r} is neither a .keras nor an HDF5 file: {what}")
