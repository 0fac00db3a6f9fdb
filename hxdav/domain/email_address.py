"""What an e-mail address looks like."""

from __future__ import annotations

import re

_LONGEST = 254
_ATOMS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_ADDRESS = re.compile(f"{_ATOMS}@{_ATOMS}")


def is_email_address(text: str) -> bool:
    """Whether ``text`` is an address as people have them: two dot-atoms around one ``@`` (RFC 5322 §3.4.1).

    Quoted names, comments and letters beyond ASCII are not taken: hardly any server would.
    """
    return len(text) <= _LONGEST and _ADDRESS.fullmatch(text) is not None
