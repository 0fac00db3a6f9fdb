"""Long lists in pages, the latest first: each page names the number of the line that it goes on from."""

from __future__ import annotations

from flask import request

AT_ONCE = 50
"""Lines of a page."""

_LARGEST = 2**63 - 1


def before() -> int | None:
    """The number before which the page begins; None for the first page."""
    asked = request.args.get("before", type=int)
    return None if asked is None else max(0, min(asked, _LARGEST))
