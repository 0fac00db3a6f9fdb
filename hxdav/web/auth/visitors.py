"""Who sits at the browser: a session that the store knows, held by a cookie that scripts and other sites cannot use."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import ParamSpec

from flask import Flask, abort, g, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_required  # type: ignore[import-untyped]
from werkzeug.wrappers import Response

from hxdav.domain.practice import Practitioner
from hxdav.services.access import sign_in
from hxdav.services.access.sign_in import SignedIn
from hxdav.web.settings import WebBackend

Given = ParamSpec("Given")
Answer = Response | str | tuple[str, HTTPStatus]
Page = Callable[Given, Answer]


class Visitor(UserMixin):  # type: ignore[misc]
    """Somebody who has signed in: Flask-Login keeps ``secret`` in its cookie, and asks for it back."""

    def __init__(self, secret: str, signed_in: SignedIn) -> None:
        self.secret = secret
        self.signed_in = signed_in

    def get_id(self) -> str:
        """What the cookie holds."""
        return self.secret


def admit_visitors(application: Flask, backend: WebBackend) -> None:
    """Have the application know who sits at the browser."""
    is_https = backend.public_url.startswith("https://")
    application.config.update(
        SECRET_KEY=backend.keyring.cookie_key,
        SESSION_COOKIE_NAME="__Host-hxdav" if is_https else "hxdav",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # The session's own end counts; a token that ended sooner would only lose what somebody is typing.
        WTF_CSRF_TIME_LIMIT=None,
        # It would ask for the Referer, which the pages tell nobody.
        WTF_CSRF_SSL_STRICT=False,
    )
    manager = LoginManager(application)
    manager.login_view = "signing_in.sign_in"
    manager.login_message = None

    @manager.user_loader  # type: ignore[untyped-decorator]
    def _(secret: str) -> Visitor | None:
        return _visitor(backend, secret)


def _visitor(backend: WebBackend, secret: str) -> Visitor | None:
    with backend.store.snapshot() as tx:
        found = sign_in.signed_in(tx, backend.clock, backend.keyring, secret=secret)
        is_to_be_seen = found is not None and sign_in.is_to_be_seen(tx, backend.clock, backend.keyring, secret=secret)
    if is_to_be_seen:
        with backend.store.transaction() as tx:
            sign_in.see(tx, backend.clock, backend.keyring, secret=secret)
    return Visitor(secret, found) if found is not None else None


def who() -> SignedIn:
    """Who has signed in; only where ``login_required`` stands before."""
    signed_in: SignedIn = current_user.signed_in
    return signed_in


def practitioner() -> Practitioner:
    """The practitioner who has signed in; only where ``for_practitioners`` stands before."""
    own = who().own
    if own is None:
        abort(HTTPStatus.NOT_FOUND)
    return own


def for_visitors(page: Page[Given]) -> Page[Given]:
    """A page for those who have signed in."""
    guarded: Page[Given] = login_required(page)
    return guarded


def for_practitioners(page: Page[Given]) -> Page[Given]:
    """A page for those who are a practitioner."""

    @wraps(page)
    def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        if who().own is None:
            return redirect(url_for("home.nobody"))
        return page(*args, **kwargs)

    return for_visitors(guarded)


def for_administrators(page: Page[Given]) -> Page[Given]:
    """A page for the practice's administrators; others see nothing of it, not even that it is there."""

    @wraps(page)
    def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        if not who().user.administrator:
            abort(HTTPStatus.NOT_FOUND)
        return page(*args, **kwargs)

    return for_visitors(guarded)


def local_target(target: str) -> str:
    """Where to go on to: an address of these pages; of anything else nothing is left (CWE-601)."""
    is_local = target.startswith("/app/") and "\\" not in target and not any(each < " " for each in target)
    return target if is_local else url_for("home.home")


def begin_anew() -> None:
    """Forget what the cookie held before somebody signed in, so that nobody else knows what it holds now (CWE-384)."""
    session.clear()
    g.pop("csrf_token", None)


def address() -> str:
    """From where the browser calls."""
    return request.remote_addr or ""
