"""The cookie by which a browser is known again in which somebody has signed in: it signs nobody in."""

from __future__ import annotations

from datetime import timedelta

from flask import after_this_request, request
from werkzeug.wrappers import Response

from hxdav.domain.practice import User
from hxdav.services.access import sign_in_limits
from hxdav.services.access.sign_in_limits import Origin
from hxdav.web.auth.visitors import address
from hxdav.web.settings import WebBackend

_KEPT_FOR = timedelta(days=400)  # The longest that browsers keep a cookie (RFC 6265bis §5.5).
_DIGITS = 16


def origin_of(backend: WebBackend, username: str) -> Origin:
    """Where the password or recovery code in this request comes from."""
    mark = request.cookies.get(_name(backend, username), "")
    return Origin(username=username, address=address(), mark=mark)


def remember_browser(backend: WebBackend, user: User) -> None:
    """Have the browser that sent this request keep a new mark of the user, who has just signed in."""
    with backend.store.snapshot() as tx:
        mark = sign_in_limits.new_mark(tx, backend.keyring, user=user)

    @after_this_request
    def _(answer: Response) -> Response:
        answer.set_cookie(
            _name(backend, user.username),
            mark,
            max_age=_KEPT_FOR,
            secure=_is_https(backend),
            httponly=True,
            samesite="Lax",
        )
        return answer


def _name(backend: WebBackend, username: str) -> str:
    """One cookie for each user: a practice's desk may have one browser for all. The name does not show the user."""
    digits = backend.keyring.sign_in_subject("cookie", username)[:_DIGITS]
    return f"{'__Host-' if _is_https(backend) else ''}hxdav-known-{digits}"


def _is_https(backend: WebBackend) -> bool:
    return backend.public_url.startswith("https://")
