"""Connecting an Apple device: the code at the desk, the one-time page on the telephone, and how far it has come."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import segno
from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for

from hxdav.errors import NotFound, NotPermitted, UseCaseError
from hxdav.services.access import apple_profiles
from hxdav.services.access.apple_profiles import Profile, ProfileStage
from hxdav.services.appointments.agenda import zone_of
from hxdav.store.profiles import ProfileTicket
from hxdav.store.store import Tx
from hxdav.web.auth.visitors import Answer, for_practitioners, practitioner, who
from hxdav.web.settings import WebBackend

_TICKET = "/app/settings/integrations/profiles/<int:number>"

_APPLE = {"iPhone": "iPhone", "iPad": "iPad", "Macintosh": "Mac"}
"""What an Apple device's browser calls it, and what people do."""

HEALTHS = {
    ProfileStage.WAITING: "working",
    ProfileStage.FETCHED: "working",
    ProfileStage.CONNECTED: "well",
    ProfileStage.EXPIRED: "troubled",
    ProfileStage.REVOKED: "paused",
}


def profile_routes(backend: WebBackend) -> Blueprint:
    """What the desk shows while it waits for a telephone, and what the telephone opens."""
    pages = _Profiles(backend)
    routes = Blueprint("profiles", __name__)
    routes.add_url_rule(_TICKET, "shown", for_practitioners(pages.shown))
    routes.add_url_rule(f"{_TICKET}/code.svg", "code", for_practitioners(pages.code))
    routes.add_url_rule(f"{_TICKET}/stage", "stage", for_practitioners(pages.stage))
    routes.add_url_rule(f"{_TICKET}/revoke", "revoke", for_practitioners(pages.revoke), methods=["POST"])
    routes.add_url_rule("/profile/<secret>", "opened", pages.opened)
    routes.add_url_rule("/profile/<secret>", "fetch", pages.fetch, methods=["POST"])
    return routes


@dataclass(frozen=True, slots=True)
class _Profiles:
    backend: WebBackend

    def shown(self, number: int) -> Answer:
        with self.backend.store.snapshot() as tx:
            ticket = self._ticket(tx, number)
            zone = zone_of(tx, practitioner())
            integration = tx.integrations.one(ticket.integration_id)
        stage = self._stage(ticket)
        return render_template(
            "profile_offer.html",
            ticket=ticket,
            stage=stage,
            health=HEALTHS[stage],
            sentence=sentence_of(ticket, stage, lambda moment: f"{moment.astimezone(zone):%H:%M}"),
            address=self._address(ticket),
            integration=integration,
        )

    def code(self, number: int) -> Answer:
        """The address as a picture, for a telephone's camera."""
        with self.backend.store.snapshot() as tx:
            ticket = self._ticket(tx, number)
        if self._stage(ticket) is not ProfileStage.WAITING:
            abort(HTTPStatus.NOT_FOUND)
        drawn = io.BytesIO()
        # On white in the dark as well, or cameras would not read it.
        segno.make(self._address(ticket), error="m", micro=False).save(
            drawn, kind="svg", scale=8, border=4, dark="#000000", light="#ffffff", xmldecl=False
        )
        return Response(drawn.getvalue(), mimetype="image/svg+xml")

    def stage(self, number: int) -> Answer:
        """How far the telephone has come, for the desk's page to ask."""
        with self.backend.store.snapshot() as tx:
            ticket, zone = self._ticket(tx, number), zone_of(tx, practitioner())
        stage = self._stage(ticket)
        return jsonify(
            stage=stage,
            health=HEALTHS[stage],
            sentence=sentence_of(ticket, stage, lambda moment: f"{moment.astimezone(zone):%H:%M}"),
        )

    def revoke(self, number: int) -> Answer:
        try:
            with self.backend.store.transaction() as tx:
                apple_profiles.revoke(tx, self.backend.clock, user=who().user, number=number)
        except NotFound:
            abort(HTTPStatus.NOT_FOUND)
        except UseCaseError as refused:
            flash(str(refused), "trouble")
        return redirect(url_for(".shown", number=number))

    def opened(self, secret: str) -> Answer:
        """The page on the telephone. Programs that preview addresses open it too, so nothing is used up by that."""
        backend = self.backend
        try:
            with backend.store.snapshot() as tx:
                ticket = apple_profiles.opened(tx, backend.clock, backend.keyring, secret=secret)
                group = tx.people.practice_group(ticket.practice_group_id)
        except NotPermitted as refused:
            return _over(refused)
        return render_template("profile.html", secret=secret, ticket=ticket, practice=group.name, refused="")

    def fetch(self, secret: str) -> Answer:
        backend = self.backend
        try:
            with backend.store.transaction() as tx:
                profile = apple_profiles.fetch(
                    tx, backend.clock, backend.keyring, secret=secret, calendars_url=backend.calendars_url
                )
        except NotPermitted as refused:
            return _over(refused)
        return handed_out(profile)

    def _ticket(self, tx: Tx, number: int) -> ProfileTicket:
        try:
            return apple_profiles.own_ticket(tx, user=who().user, number=number)
        except NotFound:
            abort(HTTPStatus.NOT_FOUND)

    def _stage(self, ticket: ProfileTicket) -> ProfileStage:
        return apple_profiles.stage_of(ticket, now=self.backend.clock.now())

    def _address(self, ticket: ProfileTicket) -> str:
        secret = self.backend.keyring.profile_secret(ticket.nonce)
        return f"{self.backend.public_url}{url_for('.opened', secret=secret)}"


def handed_out(profile: Profile) -> Response:
    """A profile on its way to the device, which offers to install it."""
    return Response(
        profile.text,
        content_type="application/x-apple-aspen-config",
        headers={"Content-Disposition": 'attachment; filename="hxdav.mobileconfig"'},
    )


def sentence_of(ticket: ProfileTicket, stage: ProfileStage, clock_time: Callable[[datetime], str]) -> str:
    """How far the device has come, as one says it."""
    label = ticket.label
    match stage:
        case ProfileStage.WAITING:
            return f"Waiting for {label}. The code is good until {clock_time(ticket.expires_at)}, and once."
        case ProfileStage.FETCHED:
            return f"{label} has fetched its profile. Install it there now: open Settings, then Profile Downloaded."
        case ProfileStage.CONNECTED:
            return f"{_possessed(label)} is connected."
        case ProfileStage.EXPIRED:
            return f"The ten minutes are over, and {label} has not fetched its profile. Show another code."
        case ProfileStage.REVOKED:
            return "You have revoked this code: it leads nowhere any more."


def device_guessed() -> str:
    """What the device is called that the browser runs on, if it is one of Apple's; empty otherwise."""
    agent = request.headers.get("User-Agent", "")
    return next((name for mark, name in _APPLE.items() if mark in agent), "")


def _possessed(label: str) -> str:
    return f"Your {label}" if label in _APPLE.values() else label


def _over(refused: NotPermitted) -> Answer:
    shown = render_template("profile.html", secret="", ticket=None, practice="", refused=str(refused))
    return shown, HTTPStatus.NOT_FOUND
