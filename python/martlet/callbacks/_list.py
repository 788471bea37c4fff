"""Several callbacks as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ._callback import HOOKS, Callback, History, Logs

if TYPE_CHECKING:
    from ..models import Model


class CallbackList(Callback):
    """Callbacks that are told the same things, in order.

    Parameters
    ----------
    callbacks
        A callback, a list of them, or None.
    add_history
        Whether a :class:`History` is appended if there is none.
    add_progbar
        Accepted; the progress line is not a callback here.
    model
        Set on all of them.
    **params
        Set on all of them.

    Raises
    ------
    TypeError
        If something is no callback.

    Examples
    --------
    >>> from martlet.callbacks import CallbackList, LambdaCallback
    >>> both = CallbackList([LambdaCallback(on_train_begin=lambda logs: print("begin"))] * 2)
    >>> both.on_train_begin()
    begin
    begin
    """

    def __init__(
        self,
        callbacks: Callback | Iterable[Callback | None] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Model | None = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks = _flat(callbacks)
        if add_history and not any(isinstance(each, History) for each in self.callbacks):
            # Last: it keeps what the others have added to the logs.
            self.callbacks.append(History())
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    def __iter__(self) -> Any:
        return iter(self.callbacks)

    def append(self, callback: Callback) -> None:
        """Adds one at the end."""
        self.callbacks += _flat(callback)

    def hears(self, *hooks: str) -> bool:
        """Whether one of them listens to one of these hooks; telling nobody has its price, too."""
        return any(_hears(each, hook) for each in self.callbacks for hook in hooks)

    def set_model(self, model: Model | None) -> None:
        """Sets it on all of them."""
        super().set_model(model)
        for each in self.callbacks:
            each.set_model(model)
            if model is not None and isinstance(each, History):
                model.history = each

    def set_params(self, params: dict[str, Any]) -> None:
        """Sets them on all of them."""
        super().set_params(params)
        for each in self.callbacks:
            each.set_params(params)

    def check(self, names: Sequence[str]) -> None:
        """Lets each look whether the logs of epochs will have what it waits for.

        Parameters
        ----------
        names
            The keys that they have from the start.
        """
        known, is_complete = list(names), True
        for each in self.callbacks:
            known += [name for name in each._adds() if name not in known]
            each._check(known, is_complete)
            # A callback of the user's may write into the logs what it likes.
            ours = type(each).__module__.startswith(__package__ or "")
            is_complete &= ours and not _is_made_of_functions(each)


def _telling(hook: str) -> Any:
    count = 2 if "epoch" in hook or "batch" in hook else 1

    def tell(self: CallbackList, *arguments: Any, logs: Logs | None = None) -> None:
        if len(arguments) < count:
            arguments += (logs or {},)
        for each in self.callbacks:
            getattr(each, hook)(*arguments)

    tell.__name__ = hook
    tell.__doc__ = f"Calls `{hook}` of each."
    return tell


for _hook in HOOKS:
    setattr(CallbackList, _hook, _telling(_hook))


def _flat(callbacks: Any) -> list[Callback]:
    if callbacks is None:
        return []
    if isinstance(callbacks, CallbackList):
        return list(callbacks.callbacks)
    if isinstance(callbacks, list | tuple):
        return [each for part in callbacks for each in _flat(part)]
    if isinstance(callbacks, type):
        raise TypeError(f"callbacks must be objects; say {callbacks.__name__}()")
    if not isinstance(callbacks, Callback):
        raise TypeError(
            "callbacks must be martlet.callbacks.Callback objects, or of classes made of it, got "
            f"{type(callbacks).__module__}.{type(callbacks).__name__}"
        )
    return [callbacks]


#: Hooks that call another one unless they are overridden.
_ALIASES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


def _hears(callback: Any, hook: str) -> bool:
    if hook in _ALIASES and _hears(callback, _ALIASES[hook]):
        return True
    method = getattr(callback, hook, None)
    return getattr(method, "__func__", method) is not getattr(Callback, hook)


def _is_made_of_functions(callback: Callback) -> bool:
    return "on_epoch_end" in vars(callback)
