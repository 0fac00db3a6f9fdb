"""Settings, Security: a person's passkeys and recovery codes, and the browsers with which they are signed in."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user  # type: ignore[import-untyped]

from hxdav.domain.ids import PasskeyId
from hxdav.domain.passkey import Passkey
from hxdav.errors import NotFound, UseCaseError
from hxdav.services.access import passkeys, recovery_codes, sign_in
from hxdav.services.access.passkeys import LONGEST_NAME, PasskeyRefused
from hxdav.web.auth.ceremonies import given_answer, has_passkeys, party_of, question
from hxdav.web.auth.reauthentication import once_proved
from hxdav.web.auth.visitors import Answer, for_visitors, who
from hxdav.web.settings import WebBackend
from hxdav.web.user_agents import browser_named, device_named


def security_routes(backend: WebBackend) -> Blueprint:
    """The overview, and what can be changed there by whoever has just proved who they are."""
    pages = _Security(backend)
    routes = Blueprint("security", __name__, url_prefix="/app/settings/security")
    routes.add_url_rule("", "overview", for_visitors(pages.overview))
    routes.add_url_rule("/passkeys/new", "new", for_visitors(once_proved(backend, pages.new)))
    # Only who has just proved who they are was asked: this is the answer, which counts once.
    routes.add_url_rule("/passkeys/new", "add", for_visitors(pages.add), methods=["POST"])
    asked = for_visitors(once_proved(backend, pages.question))
    routes.add_url_rule("/passkeys/new/question", "question", asked, methods=["POST"])
    routes.add_url_rule("/passkeys/<int:number>", "shown", for_visitors(pages.shown))
    routes.add_url_rule("/passkeys/<int:number>", "rename", for_visitors(pages.rename), methods=["POST"])
    removal = "/passkeys/<int:number>/remove"
    routes.add_url_rule(removal, "ask_removal", for_visitors(once_proved(backend, pages.ask_removal)))
    routes.add_url_rule(removal, "remove", for_visitors(once_proved(backend, pages.remove)), methods=["POST"])
    codes = "/recovery-codes"
    routes.add_url_rule(codes, "ask_codes", for_visitors(once_proved(backend, pages.ask_codes)))
    routes.add_url_rule(codes, "make_codes", for_visitors(once_proved(backend, pages.make_codes)), methods=["POST"])
    return routes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInBrowser:
    """A browser with which somebody is signed in, in words; the one that shows the page is ``this``."""

    name: str
    began: str
    seen: str
    this: bool


@dataclass(frozen=True, slots=True)
class _Security:
    backend: WebBackend

    def overview(self) -> Answer:
        user = who().user
        with self.backend.store.snapshot() as tx:
            known, codes = tx.passkeys.of(user.id), tx.recovery_codes.unused(user.id)
        return render_template(
            "passkeys.html",
            passkeys=known,
            codes=codes,
            browsers=self._browsers(),
            zone=self._zone(),
            is_offered=has_passkeys(self.backend),
        )

    def new(self) -> Answer:
        return self._new_page()

    def question(self) -> Answer:
        backend, party = self.backend, party_of(self.backend)
        with backend.store.transaction() as tx:
            return question(passkeys.ask_to_add(tx, backend.clock, backend.keyring, party=party, user=who().user))

    def add(self) -> Answer:
        backend, party, answer = self.backend, party_of(self.backend), given_answer()
        user, name = who().user, request.form.get("name", "")
        with backend.store.transaction() as tx:
            added = passkeys.add(
                tx,
                backend.clock,
                backend.keyring,
                party=party,
                user=user,
                answer=answer,
                name=name,
                source=who().source,
            )
            has_codes = tx.recovery_codes.unused(user.id) > 0
        if isinstance(added, PasskeyRefused):
            return self._new_page(refused=added.sentence), HTTPStatus.BAD_REQUEST
        flash(f"{added.name} is added.", "well")
        # Without a code, whoever loses the one device that has the passkey would be shut out.
        return redirect(url_for(".overview")) if has_codes else self._new_codes()

    def shown(self, number: int) -> Answer:
        return render_template("passkeys_one.html", passkey=self._own(number), longest=LONGEST_NAME, zone=self._zone())

    def rename(self, number: int) -> Answer:
        backend, passkey = self.backend, self._own(number)
        with backend.store.transaction() as tx:
            name = request.form.get("name", "")
            passkeys.rename(tx, backend.clock, user=who().user, passkey_id=passkey.id, name=name, source=who().source)
        return redirect(url_for(".overview"))

    def ask_removal(self, number: int) -> Answer:
        passkey = self._own(number)
        with self.backend.store.snapshot() as tx:
            is_last = len(tx.passkeys.of(who().user.id)) == 1
        return render_template("passkeys_remove.html", passkey=passkey, is_last=is_last)

    def remove(self, number: int) -> Answer:
        backend, passkey = self.backend, self._own(number)
        with backend.store.transaction() as tx:
            passkeys.remove(tx, backend.clock, user=who().user, passkey_id=passkey.id, source=who().source)
        flash(f"{passkey.name} is removed, and signs nobody in any more.", "well")
        return redirect(url_for(".overview"))

    def ask_codes(self) -> Answer:
        with self.backend.store.snapshot() as tx:
            left = tx.recovery_codes.unused(who().user.id)
        return render_template("passkeys_codes.html", codes=[], left=left)

    def make_codes(self) -> Answer:
        try:
            return self._new_codes()
        except UseCaseError as refused:
            flash(str(refused), "trouble")
            return redirect(url_for(".overview"))

    def _new_codes(self) -> str:
        """New codes, on the one page that shows them."""
        backend = self.backend
        with backend.store.transaction() as tx:
            codes = recovery_codes.make(tx, backend.clock, backend.keyring, user=who().user, source=who().source)
        return render_template("passkeys_codes.html", codes=codes, left=len(codes))

    def _new_page(self, *, refused: str = "") -> str:
        name = device_named(request.headers.get("User-Agent", "")) or "Passkey"
        return render_template(
            "passkeys_new.html",
            refused=refused,
            name=name,
            longest=LONGEST_NAME,
            is_offered=has_passkeys(self.backend),
        )

    def _own(self, number: int) -> Passkey:
        """One of the person's own passkeys; 404 where it is none of theirs."""
        try:
            with self.backend.store.snapshot() as tx:
                return passkeys.own(tx, user=who().user, passkey_id=PasskeyId(number))
        except NotFound:
            abort(HTTPStatus.NOT_FOUND)

    def _browsers(self) -> list[SignedInBrowser]:
        backend, zone = self.backend, self._zone()
        mine = backend.keyring.web_session_digest(current_user.secret)
        with backend.store.snapshot() as tx:
            found = sign_in.browsers(tx, backend.clock, user=who().user)
        return [
            SignedInBrowser(
                name=browser_named(each.agent),
                began=each.began_at.astimezone(zone).strftime("%a %-d %b, %H:%M"),
                seen=each.seen_at.astimezone(zone).strftime("%H:%M"),
                this=each.digest == mine,
            )
            for each in found
        ]

    def _zone(self) -> ZoneInfo:
        with self.backend.store.snapshot() as tx:
            return ZoneInfo(tx.people.practice_group(who().user.practice_group_id).zone)
