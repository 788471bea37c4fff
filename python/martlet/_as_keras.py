"""Lets programs that say `import keras` run on Martlet."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_TENSORFLOW = "tensorflow"
_KERAS = ("keras", f"{_TENSORFLOW}.keras")


def install_as_keras() -> None:
    """Makes ``import keras`` and ``tensorflow.keras`` mean Martlet, in this process.

    Notebooks then run without a changed line: ``from keras.layers import Dense``,
    ``from tensorflow.keras import models``, ``import tensorflow as tf; tf.keras.Sequential``. Of
    TensorFlow there is only `keras`; anything else is an error that says so. Calling it again
    changes nothing.

    Raises
    ------
    RuntimeError
        If the real Keras or TensorFlow is loaded already: what has been imported from it would
        not mix with Martlet's layers.

    See Also
    --------
    uninstall_as_keras

    Examples
    --------
    >>> import martlet
    >>> martlet.install_as_keras()  # doctest: +SKIP
    >>> from tensorflow.keras.layers import Dense  # doctest: +SKIP
    >>> Dense is martlet.layers.Dense  # doctest: +SKIP
    True
    """
    if _installed():
        return
    for name in ("keras", _TENSORFLOW):
        if name in sys.modules:
            origin = getattr(sys.modules[name], "__file__", None) or "no file"
            raise RuntimeError(
                f"install_as_keras: {name!r} is imported already, from {origin}; call "
                "martlet.install_as_keras() before anything imports it, in a fresh process"
            )
    sys.meta_path.insert(0, _Finder())


def uninstall_as_keras() -> None:
    """Takes :func:`install_as_keras` back; what has been imported meanwhile stays Martlet's.

    Without effect where nothing is installed.
    """
    for finder in _installed():
        sys.meta_path.remove(finder)
        for name in [each for each in sys.modules if _is_ours(each)]:
            del sys.modules[name]


def _installed() -> list[_Finder]:
    return [each for each in sys.meta_path if isinstance(each, _Finder)]


def _is_ours(name: str) -> bool:
    return name.split(".")[0] in ("keras", _TENSORFLOW)


# Finders and loaders by their methods: the base classes would bring modules that nobody needs.
class _Finder:
    """Finds Martlet's modules under the names that Keras's have."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where to load a module from; None for names that are not ours."""
        if not _is_ours(name):
            return None
        if name == _TENSORFLOW:
            return ModuleSpec(name, _StandIn(), is_package=True)  # type: ignore[arg-type]
        for prefix in _KERAS:
            if name == prefix or name.startswith(f"{prefix}."):
                loader = _Alias(name, "martlet" + name[len(prefix) :])
                return ModuleSpec(name, loader)  # type: ignore[arg-type]
        raise ImportError(_only_keras(name[len(_TENSORFLOW) + 1 :]), name=_TENSORFLOW)


class _Alias:
    """Loads a module of Martlet under another name: the module itself, no second copy."""

    def __init__(self, alias: str, name: str) -> None:
        self._alias, self._name = alias, name

    def create_module(self, _spec: ModuleSpec) -> ModuleType:
        """Martlet's module."""
        import importlib

        try:
            module = importlib.import_module(self._name)
        except ModuleNotFoundError as error:
            if error.name != self._name:
                raise
            raise ModuleNotFoundError(
                f"No module named {self._alias!r}: keras is Martlet here "
                f"(martlet.install_as_keras), which has no {self._name!r}",
                name=self._alias,
            ) from None
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Gives the module, which has run already, its own name back."""
        module.__spec__ = self._spec


class _StandIn:
    """Makes the module `tensorflow` that holds `keras` and nothing else."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty module."""
        return ModuleType(spec.name, "Martlet's stand-in for TensorFlow: it has `keras` only.")

    def exec_module(self, module: ModuleType) -> None:
        """Fills it."""
        import martlet

        def missing(name: str) -> Any:
            raise AttributeError(_only_keras(name))

        vars(module).update(keras=martlet, __version__=martlet.__version__, __getattr__=missing)


def _only_keras(name: str) -> str:
    return (
        "'tensorflow' is Martlet's stand-in here (martlet.install_as_keras), which has keras only, "
        f"not {name!r}; for TensorFlow itself start a fresh process without install_as_keras"
    )
