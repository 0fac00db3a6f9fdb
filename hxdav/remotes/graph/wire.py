"""Requests to Microsoft Graph over one guarded session, with the headers that every one of them needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from hxdav.errors import AnswerTooLarge, CallFailed, NotReachable
from hxdav.net.addresses import parts_of
from hxdav.remote import Forbidden, RemoteError, TryLater
from hxdav.remotes.graph.oauth import GraphAccess, GraphApp
from hxdav.remotes.graph.refusal import GraphRefusal, bad_answer, error_of

Json = dict[str, Any]

_PREFERENCES = ('IdType="ImmutableId"', 'outlook.body-content-type="text"', 'outlook.timezone="UTC"')
"""Ids that outlive a move, words without markup, and times without doubt."""

_IN_A_BATCH = 20
"""How many requests Graph takes in one ($batch)."""


class GraphWire:
    """One account: sends requests with its token, and has renewed ones kept. Used by one thread at a time."""

    def __init__(self, app: GraphApp, credentials: str, *, keep: Callable[[str], None], page_size: int) -> None:
        self._root = app.graph_root.rstrip("/")
        self._access = GraphAccess(app, credentials, keep=keep)
        self._prefer = ", ".join((*_PREFERENCES, f"odata.maxpagesize={page_size}"))
        self._session = app.session_to(app.graph_root)
        self.sent = 0
        """How many requests were sent; each in a batch counts, as Graph counts it."""

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def get(self, path: str) -> Json:
        """The JSON at ``path``, which begins with a slash, or at an address that Graph has named itself."""
        return self.send("GET", path)

    def send(self, method: str, path: str, *, body: Mapping[str, Any] | None = None, if_match: str = "") -> Json:
        """The JSON that a request is answered with; empty where the answer has none.

        Raises TryLater, AccessLost, and Refusal for what depends on the request; of the answer nothing else is told.
        """
        headers = {"Prefer": self._prefer} | ({"If-Match": if_match} if if_match else {})
        answer = self._answered(method, path, body=body, headers=headers, token=self._access.token())
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            # A token may be withdrawn before its time; a new one tells whether the consent still holds.
            answer = self._answered(method, path, body=body, headers=headers, token=self._access.renewed())
        if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise error_of(answer.status_code, answer.headers, answer.content)
        return _json(answer.content)

    def pages(self, path: str) -> Iterator[Json]:
        """The entries of every page of a collection."""
        following = path
        while following:
            page = self.get(following)
            yield from page.get("value", [])
            following = page.get("@odata.nextLink", "")

    def get_each(self, paths: Sequence[str]) -> Iterator[Json | GraphRefusal]:
        """What each path is answered with, in their order, up to twenty with one request.

        An error that is about the whole account, such as a pause, is raised.
        """
        for begin in range(0, len(paths), _IN_A_BATCH):
            part = paths[begin : begin + _IN_A_BATCH]
            yield from self._batch(part) if len(part) > 1 else map(self._get_or_refusal, part)

    def _get_or_refusal(self, path: str) -> Json | GraphRefusal:
        try:
            return self.get(path)
        except GraphRefusal as refusal:
            return refusal

    def _batch(self, paths: Sequence[str]) -> Iterable[Json | GraphRefusal]:
        asked = [
            {"id": str(number), "method": "GET", "url": path, "headers": {"Prefer": self._prefer}}
            for number, path in enumerate(paths)
        ]
        answers = {str(one["id"]): one for one in self.send("POST", "/$batch", body={"requests": asked})["responses"]}
        self.sent += len(paths) - 1
        return [_part(answers[str(number)]) for number in range(len(paths))]

    def _answered(
        self, method: str, path: str, *, body: Mapping[str, Any] | None, headers: Mapping[str, str], token: str
    ) -> httpx.Response:
        self.sent += 1
        own = {**headers, "Authorization": f"Bearer {token}"}
        try:
            return self._session.request(method, self._address(path), json=body, headers=own)
        except NotReachable as error:
            raise Forbidden(str(error), code="not_reachable") from None
        except AnswerTooLarge:
            raise TryLater("Outlook's answer was too long. Try again later.", code="too_large") from None
        except (CallFailed, httpx.HTTPError):
            raise TryLater("Outlook cannot be reached. Try again later.", code="no_connection") from None
        except httpx.InvalidURL:
            raise bad_answer() from None

    def _address(self, path: str) -> str:
        """The address to ask; one that Graph has named is followed as it is, and only to where Graph is."""
        if path.startswith("/"):
            return self._root + path
        try:
            named, own = parts_of(path), urlsplit(self._root)
        except NotReachable:
            raise bad_answer() from None
        if (named.scheme, named.netloc) != (own.scheme, own.netloc):
            raise bad_answer()
        return path


def segment(name: str) -> str:
    """An id as a segment of a path; Graph's end with an equals sign, and may hold slashes."""
    return quote(name, safe="=-_")


def stated(**parameters: str) -> str:
    """Parameters of a query; a blank is %20, because Graph does not take a plus sign for one."""
    return "&".join(f"{name}={quote(value, safe='$(),:')}" for name, value in parameters.items())


def _part(answer: Mapping[str, Any]) -> Json | GraphRefusal:
    """One answer in a batch."""
    code, body = int(answer["status"]), answer.get("body") or {}
    if code < HTTPStatus.MULTIPLE_CHOICES:
        if not isinstance(body, dict):
            raise bad_answer()
        return body
    headers = {str(name).lower(): str(value) for name, value in (answer.get("headers") or {}).items()}
    error: RemoteError | GraphRefusal = error_of(code, headers, json.dumps(body).encode())
    if isinstance(error, GraphRefusal):
        return error
    raise error


def _json(body: bytes) -> Json:
    if not body:
        return {}
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise TryLater("Outlook's answer was cut short. Try again later.", code="bad_answer")
    return found
