"""Radicale's other plug-ins: who is asking has been settled before, and everybody sees their own tree, to read."""

from __future__ import annotations

from typing import Any

from radicale.auth import BaseAuth
from radicale.rights import BaseRights

CALLER = "hxdav.caller"
"""The environ's key for the name of the caller."""


class Admitted(BaseAuth):
    """Takes the front layer's word: Radicale's own way in sleeps on failure and remembers passwords."""

    def get_external_login(self, environ: Any) -> tuple[str, str]:
        """The caller's name, without a password."""
        return environ[CALLER], ""

    def _login(self, login: str, password: str) -> str:  # noqa: ARG002
        return login


class OwnTree(BaseRights):
    """The root and the caller's own tree can be read; what may be changed there the gate decides."""

    def authorization(self, user: str, _groups: set[str], path: str) -> str:
        """The letters of what ``user`` may do at ``path``."""
        owner, _, rest = path.strip("/").partition("/")
        if not owner:
            return "R"
        if owner != user:
            return ""
        return "r" if rest else "R"
