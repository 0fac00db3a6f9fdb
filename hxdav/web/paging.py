"""Long lists in pages, the latest first: each page names the number of the line that it goes on from."""

from __future__ import annotations

from flask import request

from hxdav.web.numbers import whole_number

AT_ONCE = 50
"""Lines of a page."""


def before() -> int | None:
    """The number before which the page begins; None for the first page."""
    return request.args.get("before", type=whole_number)
