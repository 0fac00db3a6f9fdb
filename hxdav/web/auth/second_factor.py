"""Signing in with a passkey: alone, or as what is asked after the web password, for which a recovery code stands in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, session, url_for

from hxdav.domain.practice import User
from hxdav.secrets.throttle import Throttle
from hxdav.services.access import passkeys, recovery_codes, sign_in, sign_in_limits
from hxdav.services.access.passkeys import PasskeyRefused
from hxdav.services.access.sign_in import Proof
from hxdav.web.auth.ceremonies import given_answer, has_passkeys, is_answer, party_of, question
from hxdav.web.auth.known_browsers import origin_of
from hxdav.web.auth.sign_in import AWAITED, let_in, sign_in_page
from hxdav.web.auth.visitors import Answer, address, local_target
from hxdav.web.responses import plain
from hxdav.web.settings import WebBackend


def second_factor_routes(backend: WebBackend) -> Blueprint:
    """The pages on which a passkey or a code is asked for."""
    pages = _SecondFactor(backend)
    routes = Blueprint("second_factor", __name__, url_prefix="/app/sign-in")
    routes.add_url_rule("/passkey", "sign_in", pages.sign_in, methods=["POST"])
    routes.add_url_rule("/passkey/question", "question", pages.question, methods=["POST"])
    routes.add_url_rule("/second", "ask", pages.ask)
    routes.add_url_rule("/second", "answer", pages.answer, methods=["POST"])
    routes.add_url_rule("/second/question", "second_question", pages.second_question, methods=["POST"])
    return routes


def _questions() -> Throttle:
    # Each is written down, and anybody can ask: more than a whole practice behind one address needs is too many.
    return Throttle(allowed=60, within=timedelta(minutes=5))


@dataclass(frozen=True, slots=True)
class _SecondFactor:
    backend: WebBackend
    asked: Throttle = field(default_factory=_questions)

    def question(self) -> Answer:
        """Ask the browser for whichever passkey it has for these pages."""
        backend, party = self.backend, party_of(self.backend)
        if self.asked.failed("", address(), now=backend.clock.now()) is not None:
            return plain(HTTPStatus.TOO_MANY_REQUESTS, "Too many tries. Wait five minutes, then try again.")
        with backend.store.transaction() as tx:
            return question(
                passkeys.ask_for_one(tx, backend.clock, backend.keyring, party=party, user=None, alone=True)
            )

    def sign_in(self) -> Answer:
        found = self._proved(None, alone=True)
        following = request.form.get("next", "")
        if isinstance(found, PasskeyRefused):
            shown = sign_in_page(self.backend, following=following, refused=found.sentence)
            return shown, HTTPStatus.FORBIDDEN
        let_in(self.backend, found, proof=Proof.PASSKEY)
        return redirect(local_target(following))

    def ask(self) -> Answer:
        if self._awaited() is None:
            return _begin_again()
        return self._page(following=request.args.get("next", ""))

    def second_question(self) -> Answer:
        backend, party, user = self.backend, party_of(self.backend), self._awaited()
        if user is None:
            return _begin_again()
        with backend.store.transaction() as tx:
            return question(
                passkeys.ask_for_one(tx, backend.clock, backend.keyring, party=party, user=user, alone=False)
            )

    def answer(self) -> Answer:
        user, following = self._awaited(), request.form.get("next", "")
        if user is None:
            return _begin_again()
        if is_answer():
            found = self._proved(user, alone=False)
            if isinstance(found, PasskeyRefused):
                return self._page(following=following, refused=found.sentence), HTTPStatus.FORBIDDEN
            self._let_in(user, Proof.PASSWORD_AND_PASSKEY)
            return redirect(local_target(following))
        return self._answered_by_code(user, following)

    def _answered_by_code(self, user: User, following: str) -> Answer:
        backend, origin = self.backend, origin_of(self.backend, user.username)
        clock, keyring, is_taken = backend.clock, backend.keyring, False
        with backend.store.transaction() as tx:
            wait = sign_in_limits.count(tx, clock, keyring, origin=origin)
            if wait is None:
                is_taken = recovery_codes.take(tx, clock, keyring, user=user, code=request.form.get("code", ""))
            if is_taken:
                sign_in_limits.take_back(tx, keyring, origin=origin)
            left = tx.recovery_codes.unused(user.id)
        if wait is not None:
            told = "Too many wrong codes or passwords. Wait five minutes, then try again."
            return self._page(following=following, refused=told), HTTPStatus.TOO_MANY_REQUESTS
        if not is_taken:
            told = "This is none of your recovery codes, or it was used already."
            return self._page(following=following, refused=told), HTTPStatus.FORBIDDEN
        self._let_in(user, Proof.PASSWORD_AND_CODE)
        flash(f"That recovery code is used up; {left} left. You find new ones under Security.", "well")
        return redirect(local_target(following))

    def _let_in(self, user: User, proof: Proof) -> None:
        backend, secret = self.backend, session.get(AWAITED, "")
        with backend.store.transaction() as tx:
            sign_in.await_no_more(tx, backend.clock, backend.keyring, secret=secret)
        let_in(backend, user, proof=proof)

    def _proved(self, user: User | None, *, alone: bool) -> User | PasskeyRefused:
        backend, party, answer = self.backend, party_of(self.backend), given_answer()
        with backend.store.transaction() as tx:
            return passkeys.prove(
                tx, backend.clock, backend.keyring, party=party, user=user, answer=answer, alone=alone
            )

    def _awaited(self) -> User | None:
        """Who has given the web password at this browser, and is to prove more."""
        backend = self.backend
        with backend.store.snapshot() as tx:
            return sign_in.awaited(tx, backend.clock, backend.keyring, secret=session.get(AWAITED, ""))

    def _page(self, *, following: str, refused: str = "") -> str:
        is_offered = has_passkeys(self.backend)
        return render_template("sign_in_second.html", following=following, refused=refused, is_offered=is_offered)


def _begin_again() -> Answer:
    flash("That took too long. Sign in once more.", "trouble")
    return redirect(url_for("signing_in.sign_in"))
