"""The front: what every request passes before Radicale sees it, and polls, which it never does.

Proxies, paths, discovery, authentication and bodies are settled here, so that nothing of the host library's own ways
with them, its sleeps least of all, remains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from hxdav.dav import poll
from hxdav.dav.addresses import ResourceKind, Target
from hxdav.dav.authentication import Authenticator
from hxdav.dav.backend import Backend
from hxdav.dav.conditions import Missing, forbidden
from hxdav.dav.documents import MAX_XML
from hxdav.dav.failures import busy, failed
from hxdav.dav.plugins import CALLER
from hxdav.dav.request import CalDavRequest
from hxdav.dav.request_parsing import body_of, decoded_path, target_within
from hxdav.dav.responses import FEATURES, RequestRefused, Response, plain
from hxdav.errors import StoreBusy
from hxdav.log import facts_of
from hxdav.net.proxies import Environ, believe_proxies, networks

REQUEST = "hxdav.request"
"""The environ's key for the Request."""

_COLLECTION = "OPTIONS, PROPFIND, PROPPATCH"
ALLOWED: dict[ResourceKind, str] = {
    ResourceKind.ROOT: "OPTIONS, GET, HEAD, PROPFIND",
    ResourceKind.HOME: _COLLECTION,
    ResourceKind.CALENDAR: f"{_COLLECTION}, REPORT, GET, HEAD",
    ResourceKind.OBJECT: "OPTIONS, GET, HEAD, PUT, DELETE, MOVE, PROPFIND",
    ResourceKind.DEEPER: "OPTIONS",
}
"""What works, by kind of resource; whatever else is known is refused with its reason."""

_ROUTES: dict[ResourceKind, str] = {
    ResourceKind.ROOT: "/",
    ResourceKind.HOME: "/<user>/",
    ResourceKind.CALENDAR: "/<user>/<calendar>/",
    ResourceKind.OBJECT: "/<user>/<calendar>/<object>",
    ResourceKind.DEEPER: "/<user>/<calendar>/<object>/…",
}
"""What the log calls them: the names of calendars and objects stay out of it."""

_KNOWN = frozenset(
    ("GET", "HEAD", "PUT", "DELETE", "MOVE", "PROPFIND", "PROPPATCH", "REPORT", "POST", "MKCOL", "MKCALENDAR")
)
_LARGE = frozenset({"GET", "PROPFIND", "REPORT"})
"""Methods whose answers are worth compressing; Radicale would compress an empty one as well."""

_WELCOME = "This is hxdav, a CalDAV server. Give its address to your calendar program."
_NOT_YOURS = "Only your own calendars can be reached with this login."

StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]


class CalDavFront:
    """The WSGI application: answers what it can, and hands the rest on to ``inner``."""

    def __init__(self, backend: Backend, inner: Wsgi) -> None:
        self._backend = backend
        self._inner = inner
        self._trusted = networks(backend.settings.trusted_proxies)
        self._authenticator = Authenticator(backend)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        method = environ["REQUEST_METHOD"].upper()
        try:
            # Its facts stay the same ones: whoever logs the request reads there what is filled in here.
            environ = dict(environ)
            answer = self._answer(environ, method)
            if answer is None:
                return self._inner(environ, start_response)
        except RequestRefused as refusal:
            answer = refusal.answer
        except StoreBusy as trouble:
            answer = busy(trouble)
        except Exception as error:  # noqa: BLE001 - the edge of the request
            answer = failed(error, method=method)
        return _sent(answer, method, start_response)

    def _answer(self, environ: Environ, method: str) -> Response | None:
        """The answer, or None with ``environ`` made ready for the inner application."""
        believe_proxies(environ, self._trusted)
        path = decoded_path(environ)
        if path.rstrip("/") == "/.well-known/caldav":
            facts_of(environ).route = "/.well-known/caldav"
            location = {"Location": f"{self._backend.settings.prefix}/"}
            return plain(HTTPStatus.MOVED_PERMANENTLY, "The calendars are elsewhere (RFC 6764 §5).", location)
        target = target_within(path, self._backend.settings.prefix)
        facts_of(environ).route = _ROUTES[target.kind]
        open_answer = _open_to_all(method, target)
        if open_answer is not None:
            return open_answer
        request = self._admitted(environ, method, target)
        polled = self._polled(request)
        if polled is None:
            _make_ready(environ, request)
        return polled

    def _polled(self, request: CalDavRequest) -> Response | None:
        return poll.answer(request) if request.method == "PROPFIND" else None

    def _admitted(self, environ: Environ, method: str, target: Target) -> CalDavRequest:
        """The request with its caller and its body; Refusal where it ends here."""
        caller = self._authenticator.admit(environ, target)
        facts_of(environ).user_id = caller.user_id
        if target.username not in {"", caller.username}:
            # Whatever is there or is not there: the answer is the same.
            raise RequestRefused(
                forbidden(_NOT_YOURS, Missing(url=quote(self._backend.settings.prefix + target.path), privilege="all"))
            )
        return CalDavRequest(
            backend=self._backend,
            method=method,
            target=target,
            caller=caller,
            headers=environ,
            body=self._body(environ, method),
        )

    def _body(self, environ: Environ, method: str) -> bytes | None:
        if environ.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in {"", "identity"}:
            sentence = "A compressed body cannot be read here; send it as it is."
            raise RequestRefused(plain(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, sentence, {"Accept-Encoding": "identity"}))
        settings = self._backend.settings
        limit = settings.max_resource_size if method == "PUT" else MAX_XML
        body = body_of(environ, limit=limit, patience=settings.max_body_size)
        if body is None and method != "PUT":
            raise RequestRefused(
                plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is larger than any request needs.")
            )
        return body


def _open_to_all(method: str, target: Target) -> Response | None:
    """What needs no login: it says the same to everybody."""
    allowed = {"Allow": ALLOWED[target.kind]}
    if method == "OPTIONS":
        return Response(status=HTTPStatus.OK, headers={"DAV": FEATURES, **allowed}, body=b"")
    if method in {"GET", "HEAD"} and target.kind is ResourceKind.ROOT:
        return plain(HTTPStatus.OK, _WELCOME)
    if method not in _KNOWN:
        return plain(HTTPStatus.METHOD_NOT_ALLOWED, "This method is not supported.", allowed)
    return None


def _make_ready(environ: Environ, request: CalDavRequest) -> None:
    """Leave in ``environ`` what Radicale needs, in the form in which it cannot misread it."""
    environ[REQUEST] = request
    environ[CALLER] = request.caller.username
    environ["SCRIPT_NAME"] = request.backend.settings.prefix
    # It refuses paths for characters that may well stand in an href, and only for PROPFIND looks at what is there.
    environ["PATH_INFO"] = request.target.path if request.method == "PROPFIND" else "/"
    environ["CONTENT_LENGTH"] = str(len(request.body or b""))
    dropped = ["HTTP_AUTHORIZATION", "HTTP_TRANSFER_ENCODING", "QUERY_STRING"]
    if request.method not in _LARGE:
        dropped.append("HTTP_ACCEPT_ENCODING")
    for name in dropped:
        environ.pop(name, None)


def _sent(answer: Response, method: str, start_response: StartResponse) -> Iterable[bytes]:
    headers = dict(answer.headers)
    if answer.body is not None:
        headers["Content-Length"] = str(len(answer.body))
    start_response(f"{answer.status.value} {answer.status.phrase}", list(headers.items()))
    return [] if method == "HEAD" or answer.body is None else [answer.body]
