"""Policies: in what type of number layers compute."""

from __future__ import annotations

from typing import Any

from ._policies import DTypePolicy as DTypePolicy
from ._policies import policy_of

FloatDTypePolicy = DTypePolicy


def get(identifier: Any) -> DTypePolicy:
    """The policy that an argument stands for, as the argument ``dtype`` of layers takes it.

    Parameters
    ----------
    identifier
        A policy, its name or its serialized form, or a NumPy type; None for the global policy.

    Raises
    ------
    NotImplementedError
        For a policy of Keras's that Martlet has not.
    ValueError
        For anything else.

    Examples
    --------
    >>> from martlet import dtype_policies
    >>> dtype_policies.get("mixed_bfloat16")
    <DTypePolicy "mixed_bfloat16">
    """
    return policy_of(identifier, "dtype_policies.get: identifier")


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """A policy as configurations of layers have it."""
    return {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": dtype_policy.get_config(),
        "registered_name": None,
    }


def deserialize(config: dict[str, Any]) -> DTypePolicy:
    """A policy from what `serialize` gave."""
    return get(config)
