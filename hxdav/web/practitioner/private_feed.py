"""The private calendar address: the page where it is made and revoked, and what is read there."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for

from hxdav.domain.privacy import PrivacyLevel
from hxdav.errors import UseCaseError
from hxdav.outward.feed_text import calendar_text
from hxdav.services.appointments.agenda import zone_of
from hxdav.services.integrations import ics_feed
from hxdav.web.auth.visitors import Answer, for_practitioners, practitioner, who
from hxdav.web.practitioner.privacy_levels import levels_up_to
from hxdav.web.refusal_messages import refusals_told
from hxdav.web.settings import WebBackend

_PAGE = "/app/settings/integrations/private-address"


def feed_routes(backend: WebBackend) -> Blueprint:
    """The page, what is done there, and the address itself."""
    pages = _Feed(backend)
    routes = Blueprint("feed", __name__)
    routes.add_url_rule(_PAGE, "address", for_practitioners(pages.address))
    routes.add_url_rule(_PAGE, "make", for_practitioners(pages.make), methods=["POST"])
    routes.add_url_rule(f"{_PAGE}/privacy", "set_privacy", for_practitioners(pages.set_privacy), methods=["POST"])
    routes.add_url_rule(f"{_PAGE}/revoke", "revoke", for_practitioners(pages.revoke), methods=["POST"])
    routes.add_url_rule("/feed/<secret>.ics", "read", pages.read)
    return routes


@dataclass(frozen=True, slots=True)
class _Feed:
    backend: WebBackend

    def address(self) -> Answer:
        return self._page()

    def make(self) -> Answer:
        backend = self.backend
        try:
            with backend.store.transaction() as tx:
                secret = ics_feed.make_address(
                    tx, backend.clock, backend.keyring, practitioner=practitioner(), source=who().source
                )
        except UseCaseError as refused:
            flash(str(refused), "trouble")
            return redirect(url_for(".address"))
        return self._page(made=f"{backend.public_url}{url_for('.read', secret=secret)}")

    def set_privacy(self) -> Answer:
        chosen = request.form.get("privacy", "")
        if chosen not in set(PrivacyLevel):
            abort(HTTPStatus.BAD_REQUEST)
        with refusals_told(self.backend.store, done="Kept. Programs see it at their next look.") as tx:
            ics_feed.set_level(
                tx,
                self.backend.clock,
                practitioner=practitioner(),
                level=PrivacyLevel(chosen),
                source=who().source,
            )
        return redirect(url_for(".address"))

    def revoke(self) -> Answer:
        with refusals_told(self.backend.store, done="The private address leads nowhere any more.") as tx:
            ics_feed.revoke_address(tx, self.backend.clock, practitioner=practitioner(), source=who().source)
        return redirect(url_for(".address"))

    def read(self, secret: str) -> Answer:
        """What is read at the address; whoever knows it may."""
        backend, digest = self.backend, self.backend.keyring.web_feed_digest(secret)
        with backend.store.snapshot() as tx:
            shown = ics_feed.publication(tx, backend.clock, backend.policy, digest=digest)
            if shown is None:
                abort(HTTPStatus.NOT_FOUND)
            if request.if_none_match.contains_weak(shown.etag):
                answer = Response(status=HTTPStatus.NOT_MODIFIED)
            else:
                answer = Response(calendar_text(tx, shown), content_type="text/calendar; charset=utf-8")
        answer.set_etag(shown.etag)
        # To be asked for each time, which costs one read where nothing has changed.
        answer.headers["Cache-Control"] = "private, no-cache"
        answer.headers["X-Robots-Tag"] = "noindex"
        return answer

    def _page(self, *, made: str = "") -> str:
        own = practitioner()
        with self.backend.store.snapshot() as tx:
            group, feed = tx.people.practice_group(own.practice_group_id), tx.web_feeds.of(own.id)
            return render_template(
                "feed.html",
                feed=feed,
                made=made,
                levels=levels_up_to(ics_feed.ceiling_of(group)),
                level=ics_feed.level_in(group, feed) if feed else None,
                zone=zone_of(tx, own),
            )
