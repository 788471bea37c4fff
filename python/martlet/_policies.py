"""In what type of number layers compute: their policies, and the global one."""

from __future__ import annotations

from typing import Any

from ._errors import nearest_name

#: Type of the products by policy. Weights, sums and what layers give are float32 in all of them.
_COMPUTE_DTYPES = {"float32": "float32", "mixed_bfloat16": "bfloat16"}
#: Policies that Keras has and Martlet has not.
_MISSING = frozenset({"bfloat16", "float16", "float64", "half", "double", "mixed_float16"})
_ACCEPTED = " or ".join(map(repr, _COMPUTE_DTYPES))


class DTypePolicy:
    """In what type of number a layer computes.

    ``"float32"`` is what its name says. ``"mixed_bfloat16"`` rounds the factors of convolutions and
    matrix products to bfloat16, 8 good bits, where the processor multiplies those faster
    (``martlet.config.instruction_set()`` is ``"avx512_bf16"`` or ``"amx"``) and the layer gains by
    it. Elsewhere the two are the same. Weights, sums and what a layer gives are float32 in both.

    Parameters
    ----------
    name
        ``"float32"`` or ``"mixed_bfloat16"``; None for the global policy.

    Raises
    ------
    NotImplementedError
        For a policy of Keras's that Martlet has not.
    ValueError
        For an unknown name.
    TypeError
        If it is not text.

    Examples
    --------
    >>> from martlet import DTypePolicy, layers
    >>> policy = DTypePolicy("mixed_bfloat16")
    >>> policy.compute_dtype, policy.variable_dtype
    ('bfloat16', 'float32')
    >>> layers.Dense(10, dtype=policy)
    Dense(10, dtype='mixed_bfloat16')
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = dtype_policy().name
        if not isinstance(name, str):
            raise TypeError(f"DTypePolicy: name must be text, {_ACCEPTED}, got {name!r}")
        self._name = _checked(name, name, "DTypePolicy: name")

    @property
    def name(self) -> str:
        """``"float32"`` or ``"mixed_bfloat16"``."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """Type of the factors of products: ``"float32"`` or ``"bfloat16"``."""
        return _COMPUTE_DTYPES[self._name]

    @property
    def variable_dtype(self) -> str:
        """Type of the weights: always ``"float32"``."""
        return "float32"

    def get_config(self) -> dict[str, str]:
        """The arguments; what `from_config` takes."""
        return {"name": self._name}

    @classmethod
    def from_config(cls, config: dict[str, str]) -> DTypePolicy:
        """A policy from what `get_config` gave."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'


_global: DTypePolicy | None = None


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are made without one: ``"float32"`` unless set."""
    return _global or DTypePolicy("float32")


def set_dtype_policy(policy: str | DTypePolicy) -> None:
    """Sets the policy of layers that are made from now on without one of their own.

    :func:`martlet.backend.clear_session` puts ``"float32"`` back.

    Parameters
    ----------
    policy
        ``"float32"``, ``"mixed_bfloat16"`` or a :class:`martlet.DTypePolicy`; see there for what
        they mean. Both may be set on every processor.

    Raises
    ------
    NotImplementedError
        For a policy of Keras's that Martlet has not.
    ValueError
        For anything else.

    Examples
    --------
    >>> import martlet
    >>> martlet.config.set_dtype_policy("mixed_bfloat16")
    >>> martlet.layers.Dense(10).compute_dtype
    'bfloat16'
    >>> martlet.config.set_dtype_policy("float32")
    """
    global _global
    if not isinstance(policy, str) and not hasattr(policy, "compute_dtype"):
        raise ValueError(
            f"set_dtype_policy: policy must be {_ACCEPTED} or a DTypePolicy, got {policy!r}"
        )
    _global = policy_of(policy, "set_dtype_policy: policy")


def reset() -> None:
    """Puts the global policy back to float32."""
    global _global
    _global = None


def policy_of(given: Any, what: str) -> DTypePolicy:
    """The policy that an argument stands for; the global one where it is None.

    Parameters
    ----------
    given
        A policy, its name or its serialized form, or a NumPy type.
    what
        The argument, for the message: ``"Dense: dtype"``.
    """
    if given is None:
        return dtype_policy()
    name = given
    if isinstance(given, dict):
        config = given.get("config")
        name = config.get("name") if isinstance(config, dict) else None
    elif not isinstance(given, str):
        name = getattr(given, "name", getattr(given, "__name__", None))
    return DTypePolicy(_checked(name, given, what))


def _checked(name: Any, given: Any, what: str) -> str:
    """The name, if it is one of a policy."""
    if isinstance(name, str) and name in _COMPUTE_DTYPES:
        return name
    missing = isinstance(name, str) and name in _MISSING
    message = (
        f"{what}={given!r} is "
        + ("not supported yet" if missing else "no policy")
        + f": expected {_ACCEPTED}"
    )
    near = nearest_name(name, _COMPUTE_DTYPES) if isinstance(name, str) else None
    if near:
        message += f"; did you mean {near!r}?"
    raise (NotImplementedError if missing else ValueError)(message)
