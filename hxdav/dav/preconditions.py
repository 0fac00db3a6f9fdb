"""What a client expects to find: If-Match, If-None-Match (RFC 9110 §13.1) and If (RFC 4918 §10.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from hxdav.dav.addresses import ResourceKind, Target, target_of_url
from hxdav.dav.request import CalDavRequest, token_now
from hxdav.dav.responses import RequestRefused, plain
from hxdav.domain.edit import Precondition, StateTest
from hxdav.domain.ids import ETag

_TAG = re.compile(r'(W/)?("[^"]*")')
_CONDITION = re.compile(r'(?P<negation>Not\s*)?(?:<(?P<token>[^<>]*)>|\[(?P<tag>(?:W/)?"[^"]*")\])', re.IGNORECASE)
_LIST = re.compile(
    rf"(?:<(?P<url>[^<>]*)>\s*)?\(\s*(?P<inside>(?:{re.sub('[?]P<[a-z]+>', '?:', _CONDITION.pattern)}\s*)+)\)\s*",
    re.IGNORECASE,
)


def precondition_of(request: CalDavRequest) -> Precondition:
    """What the headers of ``request`` demand: a weak tag never matches strongly, but does match weakly."""
    match, none_match = request.header("IF_MATCH").strip(), request.header("IF_NONE_MATCH").strip()
    state = request.header("IF").strip()
    return Precondition(
        if_match=None if match in {"", "*"} else _tags(match, weak_too=False),
        if_match_any=match == "*",
        if_none_match=None if none_match in {"", "*"} else _tags(none_match, weak_too=True),
        if_none_match_any=none_match == "*",
        if_state=_state_tests(request, state) if state else None,
    )


def _tags(value: str, *, weak_too: bool) -> frozenset[ETag]:
    return frozenset(ETag(found[2]) for found in _TAG.finditer(value) if weak_too or not found[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    """A list of an If header; ``url`` is its resource tag, None where the list is about the request's own resource."""

    url: str | None
    conditions: tuple[re.Match[str], ...]


def _lists(value: str) -> Iterator[_List]:
    """The lists of an If header, with the resource tag that holds for each; Refusal where it is not one."""
    url: str | None = None
    position = 0
    while position < len(value):
        found = _LIST.match(value, position)
        if found is None:
            raise RequestRefused(plain(HTTPStatus.BAD_REQUEST, "The If header is not one (RFC 4918 §10.4)."))
        url = found["url"] or url
        yield _List(url=url, conditions=tuple(_CONDITION.finditer(found["inside"])))
        position = found.end()


def _state_tests(request: CalDavRequest, value: str) -> tuple[StateTest, ...]:
    """The lists that may hold, each as what it demands of the entity tag: one of them has to (RFC 4918 §10.4.3)."""
    tests = (_test_of(request, each) for each in _lists(value))
    return tuple(test for test in tests if test is not None)


def _test_of(request: CalDavRequest, given: _List) -> StateTest | None:
    """What a list demands of the request's own resource; None where it cannot hold."""
    target = request.target if given.url is None else target_of_url(given.url, request.backend.settings.prefix)
    same: set[ETag] = set()
    unlike: set[ETag] = set()
    for condition in given.conditions:
        is_negated = condition["negation"] is not None
        tag = condition["tag"] or ""
        if target == request.target and tag.startswith('"'):
            (unlike if is_negated else same).add(ETag(tag))
        # No other resource's tag is known here, a weak tag matches nothing, and nothing is ever locked.
        elif _is_sync_token(request, target, condition["token"]) is is_negated:
            return None
    return StateTest(same=frozenset(same), unlike=frozenset(unlike))


def _is_sync_token(request: CalDavRequest, target: Target | None, token: str | None) -> bool:
    """Whether ``token`` is the present sync token of the request's calendar, which ``target`` is (RFC 6578 §5)."""
    own = Target(kind=ResourceKind.CALENDAR, username=request.target.username, slug=request.target.slug)
    return request.poll is not None and target == own and token == token_now(request, request.poll)
