"""Preconditions (RFC 9110 §13.1)."""

from __future__ import annotations

import pytest

from hxdav.domain.edit import NO_PRECONDITION, Precondition
from hxdav.domain.ids import ETag

A, B = ETag('"a"'), ETag('"b"')


@pytest.mark.parametrize(
    ("precondition", "etag", "holds"),
    [
        (NO_PRECONDITION, A, True),
        (NO_PRECONDITION, None, True),
        (Precondition(if_match=frozenset({A, B})), A, True),
        (Precondition(if_match=frozenset({B})), A, False),
        (Precondition(if_match=frozenset({A})), None, False),
        (Precondition(if_match=frozenset()), A, False),
        (Precondition(if_match_any=True), A, True),
        (Precondition(if_match_any=True), None, False),
        (Precondition(if_none_match=frozenset({A})), A, False),
        (Precondition(if_none_match=frozenset({B})), A, True),
        (Precondition(if_none_match=frozenset({A})), None, True),
        (Precondition(if_none_match_any=True), None, True),
        (Precondition(if_none_match_any=True), A, False),
    ],
)
def test_a_precondition_holds_for_what_the_client_expects(
    precondition: Precondition, etag: ETag | None, *, holds: bool
) -> None:
    assert precondition.holds(etag) is holds
