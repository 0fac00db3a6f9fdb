"""TEXT values (RFC 5545 §3.3.11): escaped as they are written, and as a person reads them."""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def unescape(value: str) -> str:
    """A TEXT value as the person reads it."""
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def escape(text: str) -> str:
    """A TEXT value as it is written; control characters, which cannot be written, are left out."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\\", "\\\\").replace("\n", "\\n")
    return _FORBIDDEN.sub("", lines.replace(";", "\\;").replace(",", "\\,"))
