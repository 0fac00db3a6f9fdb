"""Signing in and out, and the one-time link with which a web password is set."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_login import current_user, login_user, logout_user  # type: ignore[import-untyped]

from hxdav.domain.practice import User
from hxdav.errors import NotPermitted, UseCaseError
from hxdav.services.access import logins, sign_in
from hxdav.services.access.sign_in import Proof, SignedIn
from hxdav.web.auth.ceremonies import has_passkeys
from hxdav.web.auth.known_browsers import remember_browser
from hxdav.web.auth.passwords import WrongPassword, require_password
from hxdav.web.auth.visitors import Answer, Visitor, begin_anew, for_visitors, local_target, who
from hxdav.web.settings import WebBackend

AWAITED = "awaited"
"""Where the cookie of a browser at which the web password was given keeps by what that is known."""


def signing_in_routes(backend: WebBackend) -> Blueprint:
    """The pages before one is in, and the way out."""
    pages = _SigningIn(backend)
    routes = Blueprint("signing_in", __name__)
    routes.add_url_rule("/app/sign-in", "sign_in", pages.sign_in)
    routes.add_url_rule("/app/sign-in", "sign_in_with", pages.sign_in_with, methods=["POST"])
    routes.add_url_rule("/app/sign-out", "sign_out", for_visitors(pages.sign_out), methods=["POST"])
    routes.add_url_rule("/invitation/<secret>", "invitation", pages.invitation)
    routes.add_url_rule("/invitation/<secret>", "take_up", pages.take_up, methods=["POST"])
    return routes


@dataclass(frozen=True, slots=True)
class _SigningIn:
    backend: WebBackend

    def sign_in(self) -> Answer:
        following = request.args.get("next", "")
        if current_user.is_authenticated:
            return redirect(local_target(following))
        return sign_in_page(self.backend, following=following)

    def sign_in_with(self) -> Answer:
        form = request.form
        username, following = form.get("username", "").strip(), form.get("next", "")
        try:
            user = require_password(self.backend, username=username, web_password=form.get("password", ""))
        except WrongPassword as wrong:
            shown = sign_in_page(self.backend, following=following, username=username, refused=wrong.sentence)
            return shown, wrong.http_status
        return self._go_on(user, following)

    def sign_out(self) -> Answer:
        backend = self.backend
        with backend.store.transaction() as tx:
            if "everywhere" in request.form:
                sign_in.sign_out_everywhere(tx, backend.clock, user=who().user)
            else:
                sign_in.sign_out(tx, backend.clock, backend.keyring, secret=current_user.secret, user=who().user)
        logout_user()
        begin_anew()
        return redirect(url_for("signing_in.sign_in"))

    def invitation(self, secret: str) -> Answer:
        return render_template("invitation.html", secret=secret, refused="")

    def take_up(self, secret: str) -> Answer:
        password, again = request.form.get("password", ""), request.form.get("again", "")
        told = "" if password == again else "The two passwords are not the same."
        user: User | None = None
        if not told:
            try:
                user = self._taken_up(secret, password)
            except (NotPermitted, UseCaseError) as refused:
                told = str(refused)
        if user is None:
            return render_template("invitation.html", secret=secret, refused=told), HTTPStatus.BAD_REQUEST
        return self._go_on(user, "")

    def _go_on(self, user: User, following: str) -> Answer:
        """Let in whoever has given the web password, or ask them for their passkey first."""
        backend = self.backend
        with backend.store.transaction() as tx:
            secret = sign_in.await_second_factor(tx, backend.clock, backend.keyring, user=user)
        if secret is None:
            let_in(backend, user, proof=Proof.PASSWORD)
            return redirect(local_target(following))
        begin_anew()
        session[AWAITED] = secret
        return redirect(url_for("second_factor.ask", next=following))

    def _taken_up(self, secret: str, web_password: str) -> User:
        backend = self.backend
        with backend.store.snapshot() as tx:
            sign_in.invited(tx, backend.clock, backend.keyring, secret=secret)
        with backend.hashing.turn():
            password_hash = logins.new_password_hash(web_password)
        with backend.store.transaction() as tx:
            return sign_in.take_up_invitation(
                tx, backend.clock, backend.keyring, secret=secret, password_hash=password_hash
            )


def sign_in_page(backend: WebBackend, *, following: str, username: str = "", refused: str = "") -> str:
    """The page on which one signs in, by itself or with what went wrong."""
    is_offered = has_passkeys(backend)
    return render_template(
        "sign_in.html", following=following, username=username, refused=refused, is_offered=is_offered
    )


def let_in(backend: WebBackend, user: User, *, proof: Proof) -> None:
    """Sign in at this browser whoever has proved who they are; what its cookie held before is worth nothing."""
    begin_anew()
    agent = request.headers.get("User-Agent", "")
    with backend.store.transaction() as tx:
        secret = sign_in.begin(tx, backend.clock, backend.keyring, user=user, agent=agent, proof=proof)
        own = tx.people.practitioner_of(user.id)
    remember_browser(backend, user)
    login_user(Visitor(secret, SignedIn(user=user, own=own, proved_at=backend.clock.now())))
