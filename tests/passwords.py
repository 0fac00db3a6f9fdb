"""Web passwords that are hashed and checked at once."""

from __future__ import annotations

from argon2 import PasswordHasher

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Argon2id at its cheapest: that the product's own takes long is shown in ``unit/secrets``."""
