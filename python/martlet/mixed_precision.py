"""Policies by the names that older programs call them by; see :mod:`martlet.config`."""

from __future__ import annotations

from ._policies import DTypePolicy as DTypePolicy
from ._policies import dtype_policy as dtype_policy
from ._policies import set_dtype_policy as set_dtype_policy

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy
