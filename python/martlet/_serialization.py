"""Objects as the descriptions that Keras's files hold, and back.

A description is ``{"module", "class_name", "config", "registered_name"}``. Reading one looks names
up among Martlet's classes and those the caller has registered. It never imports a module, runs
code of the file, or unpickles.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from ._errors import nearest_name

#: Where the public classes are, by the module names that Keras gives them.
_MODULES = (
    "layers",
    "initializers",
    "regularizers",
    "constraints",
    "optimizers",
    "optimizers.schedules",
    "losses",
    "metrics",
)
_FUNCTIONAL = "keras.src.models.functional"

_registered: dict[str, Any] = {}
_Object = TypeVar("_Object")


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[_Object], _Object]:
    """A decorator by which files may name a class or function of your own.

    Parameters
    ----------
    package, name
        The file says ``"package>name"``; None for the name it has in Python.

    Examples
    --------
    >>> from martlet import saving
    >>> @saving.register_keras_serializable("course")
    ... class Halving:
    ...     pass
    >>> saving.get_registered_name(Halving)
    'course>Halving'
    """

    def register(thing: _Object) -> _Object:
        label = name if name is not None else getattr(thing, "__name__", str(thing))
        _registered[f"{package}>{label}"] = thing
        return thing

    return register


def get_registered_name(obj: Any) -> str:
    """The name that files have for a registered class or function; else the one Python has."""
    return next((key for key, thing in _registered.items() if thing is obj), obj.__name__)


def get_registered_object(name: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The class or function registered by a name; None if there is none."""
    return {**_registered, **(custom_objects or {})}.get(name)


def get_custom_objects() -> dict[str, Any]:
    """All that is registered, by name. Changing it registers."""
    return _registered


@contextlib.contextmanager
def custom_object_scope(custom_objects: dict[str, Any]) -> Iterator[None]:
    """Registers classes and functions by name for the length of a ``with`` block."""
    before = dict(_registered)
    _registered.update(custom_objects)
    try:
        yield
    finally:
        _registered.clear()
        _registered.update(before)


# ---- Writing ---------------------------------------------------------------------------------


def serialize_keras_object(obj: Any) -> Any:
    """What a file holds for an object.

    Parameters
    ----------
    obj
        A layer, model, optimizer, loss, metric, initializer, schedule; a function of Martlet or a
        registered one; numbers, text, and lists and dicts of all these.

    Raises
    ------
    TypeError
        If it cannot be described, as a lambda cannot.

    Examples
    --------
    >>> from martlet import initializers, saving
    >>> saving.serialize_keras_object(initializers.Zeros())
    {'module': 'keras.initializers', 'class_name': 'Zeros', 'config': {}, 'registered_name': None}
    """
    if obj is None or isinstance(obj, bool | int | float | str):
        return obj
    if isinstance(obj, np.generic | np.ndarray):
        return obj.tolist()
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, list | tuple):
        return [serialize_keras_object(each) for each in obj]
    if isinstance(obj, type) or not hasattr(obj, "get_config"):
        return _named(obj)
    module, class_name, registered = _address(obj)
    description = {
        "module": module,
        "class_name": class_name,
        "config": serialize_keras_object(obj.get_config()),
        "registered_name": registered,
    }
    if _is_made_of(type(obj), "Model") and obj._is_own():
        # Its shape is not part of its configuration, as that of symbols is.
        description["build_config"] = serialize_keras_object(obj.get_build_config())
    return description


def _address(obj: Any) -> tuple[str, str, str | None]:
    """Module, class and registered name under which Keras knows an object's class."""
    from .models import Model, Sequential

    kind = type(obj)
    if kind is Sequential:
        return "keras", "Sequential", None
    if kind is Model:
        return _FUNCTIONAL, "Functional", "Functional"
    registered = next((key for key, thing in _registered.items() if thing is kind), None)
    if registered is not None:
        return kind.__module__, kind.__name__, registered
    for module in _MODULES:
        if _public(module, kind.__name__) is kind:
            return f"keras.{module}", kind.__name__, None
    return kind.__module__, kind.__name__, kind.__name__


def _named(obj: Any) -> Any:
    """A function or class, by its name."""
    from . import activations, losses, metrics

    name = getattr(obj, "__name__", None)
    if not callable(obj) or name is None:
        raise TypeError(f"{obj!r} cannot be stored: a {type(obj).__name__} has no get_config()")
    if name == "<lambda>":
        raise TypeError(
            "a lambda cannot be stored, since reading it would mean to run code of the file; give "
            "it a name with def, and to the reader in custom_objects"
        )
    if any(getattr(module, name, None) is obj for module in (activations, losses, metrics)):
        return name
    registered = get_registered_name(obj)
    return {
        "module": "builtins",
        "class_name": "function",
        "config": registered,
        "registered_name": registered,
    }


# ---- Reading ---------------------------------------------------------------------------------


def deserialize_keras_object(
    config: Any,
    custom_objects: dict[str, Any] | None = None,
    safe_mode: bool = True,
    **kwargs: Any,
) -> Any:
    """The object that a description stands for.

    Parameters
    ----------
    config
        What `serialize_keras_object` gave, here or in Keras.
    custom_objects
        Classes and functions of your own by the names that the description has for them.
    safe_mode
        Accepted. Code within a description is never run, whatever it says.
    **kwargs
        Accepted; without effect.

    Raises
    ------
    ValueError
        If it names a class that is not known, or holds Python code.

    Examples
    --------
    >>> from martlet import saving
    >>> saving.deserialize_keras_object({"class_name": "Dense", "config": {"units": 3}})
    Dense(3)
    """
    known = {**_registered, **(custom_objects or {})}
    if isinstance(config, list | tuple):
        return [deserialize_keras_object(each, known) for each in config]
    if isinstance(config, str):
        return known.get(config, config)
    if not isinstance(config, dict):
        return config
    if "class_name" not in config:
        return {key: deserialize_keras_object(each, known) for key, each in config.items()}
    class_name, arguments = config["class_name"], config.get("config")
    refuse_code(config)
    if class_name == "function":
        return _function(arguments, known, config.get("registered_name"))
    kind = _class(config, known)
    if not isinstance(arguments, dict):
        raise ValueError(f"the description of a {class_name} has no arguments: {config!r:.200}")
    if _is_made_of(kind, "Model"):
        if not kind._is_own():
            return kind.from_config(arguments, custom_objects=known)
        with custom_object_scope(custom_objects or {}):
            model = kind.from_config(arguments)
        model.build_from_config(config.get("build_config") or {})
        return model
    if _is_made_of(kind, "Optimizer"):
        # The rate may be a schedule.
        rate = deserialize_keras_object(arguments.get("learning_rate"), known)
        arguments = {**arguments, "learning_rate": rate} if rate is not None else arguments
    arguments = _without_dtype(kind, arguments)
    # For what is described within, which from_config reads by itself.
    with custom_object_scope(custom_objects or {}):
        return kind.from_config(arguments) if hasattr(kind, "from_config") else kind(**arguments)


def refuse_code(description: dict[str, Any]) -> None:
    """Raises for a description that holds Python code."""
    class_name = description["class_name"]
    if class_name not in ("Lambda", "__lambda__"):
        return
    config = description.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    what = f"the layer {name!r} is a Lambda: it" if name else "a lambda"
    raise ValueError(
        f"{what} holds Python code that loading would have to run, which Martlet never does. Build "
        "the model in code with layers in place of it, and use load_weights"
    )


def _class(description: dict[str, Any], known: dict[str, Any]) -> Any:
    class_name, module = description["class_name"], description.get("module") or ""
    for name in (description.get("registered_name"), class_name):
        if name in known:
            return known[name]
    if not module.startswith("keras"):
        # Registered with a package, described without.
        short = {key.rpartition(">")[2]: each for key, each in known.items()}
        if class_name in short:
            return short[class_name]
    found = find_class(module, class_name)
    if found is None:
        raise ValueError(_unknown(class_name, module, known))
    return found


def find_class(module: str, class_name: str) -> Any:
    """Martlet's class of a name, in the module that Keras has it in, or in any if that is open."""
    from . import dtype_policies, models

    if class_name == "DTypePolicy":
        return dtype_policies.DTypePolicy
    if class_name in ("Sequential", "Functional", "Model"):
        return models.Sequential if class_name == "Sequential" else models.Model
    folder, _, place = module.partition(".")
    if folder not in ("keras", "tf_keras", "martlet", ""):
        return None
    if place.startswith("src."):
        return None
    candidates = [place] if place in (*_MODULES, "layers._operations") else _MODULES
    return next((kind for each in candidates if (kind := _public(each, class_name))), None)


def _unknown(class_name: str, module: str, known: dict[str, Any]) -> str:
    names = [*known, *(name for each in _MODULES for name in _public_names(each))]
    near = nearest_name(class_name, names)
    where = f" of {module}" if module else ""
    hint = f"; the nearest known name is {near!r}" if near else ""
    return (
        f"the class {class_name!r}{where} is not known{hint}. Give classes of your own in "
        f"custom_objects={{{class_name!r}: ...}}, or register them with "
        "saving.register_keras_serializable"
    )


def _public_names(module: str) -> list[str]:
    return [name for name in dir(_module(module)) if name[:1].isupper()]


def _public(module: str, name: str) -> Any:
    found = getattr(_module(module), name, None)
    return found if isinstance(found, type) else None


def _module(name: str) -> Any:
    try:
        return importlib.import_module(f".{name}", __package__)
    except ModuleNotFoundError:
        return None


def _function(name: Any, known: dict[str, Any], registered: Any) -> Any:
    """A function by its name, or the name itself where Martlet has one of it."""
    from . import activations, losses, metrics

    if name in known:
        return known[name]
    # Keras calls its own functions "function"; what has a name of its own is the writer's.
    for module in () if registered == name else (activations, losses, metrics):
        with contextlib.suppress(ValueError, TypeError):
            module.get(name)
            return name
    raise ValueError(
        f"the function {name!r} is not known; give it in custom_objects={{{name!r}: ...}}"
    )


def _is_made_of(kind: Any, *names: str) -> bool:
    """Whether a class is one of Martlet's of these names, or made of it."""
    return isinstance(kind, type) and any(
        each.__name__ in names and each.__module__.startswith(f"{__package__}.")
        for each in kind.__mro__
    )


def _without_dtype(kind: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Losses and metrics of Keras's files say in what they compute; here it is always float32."""
    if not _is_made_of(kind, "Loss", "Metric"):
        return arguments
    dtype = arguments.get("dtype")
    name = dtype["config"].get("name") if isinstance(dtype, dict) else dtype
    return {key: each for key, each in arguments.items() if key != "dtype" or name != "float32"}
