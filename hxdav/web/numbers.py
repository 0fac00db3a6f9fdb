"""Numbers from outside: those that every database can hold, and every browser can count to."""

from __future__ import annotations

from werkzeug.routing import BaseConverter

LARGEST = 2**53 - 1
"""The largest number that is the same in a script, in a row and in an address."""

_DIGITS = len(str(LARGEST))


class Number(BaseConverter):
    """``<int:…>`` in an address: nothing is at one with more digits than a number can have."""

    regex = rf"\d{{1,{_DIGITS}}}"

    def to_python(self, value: str) -> int:
        """The number; one that is too large is nobody's."""
        return min(int(value), LARGEST)


def whole_number(typed: str) -> int:
    """A number in a form or a query; raises ValueError where it is none, or too large."""
    found = int(typed)
    if not 0 <= found <= LARGEST:
        raise ValueError("no number of anything here")
    return found
