"""Asking for the web password once more, before a step that shuts somebody out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user  # type: ignore[import-untyped]

from hxdav.services import signing_in
from hxdav.web.passwords import WrongPassword, require_password
from hxdav.web.settings import WebBackend
from hxdav.web.visitors import Answer, Given, Page, for_visitors, local_target, who


def proving_routes(backend: WebBackend) -> Blueprint:
    """The page that asks."""
    pages = _Proving(backend)
    routes = Blueprint("proving", __name__)
    routes.add_url_rule("/app/prove", "ask", for_visitors(pages.ask))
    routes.add_url_rule("/app/prove", "prove", for_visitors(pages.prove), methods=["POST"])
    return routes


def once_proved(backend: WebBackend, page: Page[Given]) -> Page[Given]:
    """A page for those who gave their web password a short time ago; others are asked for it, and come back.

    They come back to the page at the same address: what was posted is shown again, and asked again.
    """

    @wraps(page)
    def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        if not who().has_just_proved(backend.clock.now()):
            return redirect(url_for("proving.ask", next=request.path))
        return page(*args, **kwargs)

    return guarded


@dataclass(frozen=True, slots=True)
class _Proving:
    backend: WebBackend

    def ask(self) -> Answer:
        return render_template("prove.html", following=request.args.get("next", ""), refused="")

    def prove(self) -> Answer:
        backend, following = self.backend, request.form.get("next", "")
        try:
            require_password(backend, username=who().user.username, web_password=request.form.get("password", ""))
        except WrongPassword as wrong:
            is_wrong = wrong.http_status is HTTPStatus.FORBIDDEN
            told = "This is not your web password." if is_wrong else wrong.sentence
            return render_template("prove.html", following=following, refused=told), wrong.http_status
        with backend.store.transaction() as tx:
            signing_in.prove(tx, backend.clock, backend.keyring, secret=current_user.secret)
        return redirect(local_target(following))
