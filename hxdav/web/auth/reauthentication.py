"""Asking once more for the web password or a passkey, before a step that shuts somebody out or lets somebody in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user  # type: ignore[import-untyped]

from hxdav.services.access import passkeys, sign_in
from hxdav.services.access.passkeys import PasskeyRefused
from hxdav.web.auth.ceremonies import given_answer, has_passkeys, is_answer, party_of, question
from hxdav.web.auth.passwords import WrongPassword, require_password
from hxdav.web.auth.visitors import Answer, Given, Page, for_visitors, local_target, who
from hxdav.web.settings import WebBackend


def proving_routes(backend: WebBackend) -> Blueprint:
    """The page that asks."""
    pages = _Proving(backend)
    routes = Blueprint("proving", __name__)
    routes.add_url_rule("/app/prove", "ask", for_visitors(pages.ask))
    routes.add_url_rule("/app/prove", "prove", for_visitors(pages.prove), methods=["POST"])
    routes.add_url_rule("/app/prove/question", "question", for_visitors(pages.question), methods=["POST"])
    return routes


def once_proved(backend: WebBackend, page: Page[Given]) -> Page[Given]:
    """A page for those who proved a short time ago who they are; others are asked to, and come back.

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
        return self._page(following=request.args.get("next", ""))

    def question(self) -> Answer:
        backend, party = self.backend, party_of(self.backend)
        with backend.store.transaction() as tx:
            return question(
                passkeys.ask_for_one(tx, backend.clock, backend.keyring, party=party, user=who().user, alone=True)
            )

    def prove(self) -> Answer:
        backend, following = self.backend, request.form.get("next", "")
        try:
            if is_answer():
                self._require_passkey()
            else:
                require_password(backend, username=who().user.username, web_password=request.form.get("password", ""))
        except WrongPassword as wrong:
            is_wrong = wrong.http_status is HTTPStatus.FORBIDDEN and not is_answer()
            told = "This is not your web password." if is_wrong else wrong.sentence
            return self._page(following=following, refused=told), wrong.http_status
        with backend.store.transaction() as tx:
            sign_in.prove(tx, backend.clock, backend.keyring, secret=current_user.secret)
        return redirect(local_target(following))

    def _require_passkey(self) -> None:
        backend, party, answer = self.backend, party_of(self.backend), given_answer()
        with backend.store.transaction() as tx:
            found = passkeys.prove(
                tx, backend.clock, backend.keyring, party=party, user=who().user, answer=answer, alone=True
            )
        if isinstance(found, PasskeyRefused):
            raise WrongPassword(found.sentence, HTTPStatus.FORBIDDEN)

    def _page(self, *, following: str, refused: str = "") -> str:
        with self.backend.store.snapshot() as tx:
            is_offered = has_passkeys(self.backend) and tx.passkeys.has(who().user.id)
        return render_template("prove.html", following=following, refused=refused, is_offered=is_offered)
