"""Passwords: those that hxdav makes for devices, and the hashes of those that people choose."""

from __future__ import annotations

import secrets
import string

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_LETTERS = 16
_GROUP = 4

_HASHER = PasswordHasher()


def new_app_password() -> str:
    """Sixteen random letters, shown as ``xxxx-xxxx-xxxx-xxxx``."""
    letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(_LETTERS))
    return "-".join(letters[start : start + _GROUP] for start in range(0, _LETTERS, _GROUP))


def new_web_password() -> str:
    """A web password that nobody chose: for the demo."""
    return secrets.token_urlsafe(12)


def new_link_secret() -> str:
    """The secret part of a one-time link."""
    return secrets.token_urlsafe(24)


def web_password_hash(password: str) -> str:
    """The Argon2id hash of a web password."""
    return _HASHER.hash(password)


def is_web_password(password: str, password_hash: str | None) -> bool:
    """Whether ``password`` is the one that was hashed; takes as long where there is no hash."""
    try:
        return _HASHER.verify(password_hash or _NOBODYS, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


# A hash that no password is tried against in earnest, so that "no such user" takes as long as "wrong password".
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$LEp+rqU3ASdL09oMrZMPaw$E/tduFB+yYt2DJ9ZSeL4XtQXsWHNDpbA58A7Rs2/WRk"
