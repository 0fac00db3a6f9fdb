"""The audit trail as the practice's administrators see it: searched, and taken along as a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from itertools import islice
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, render_template, request

from hxdav.domain.ids import IntegrationId
from hxdav.domain.practice import PracticeGroup, User
from hxdav.domain.times import day_of
from hxdav.services.practice.audit_export import csv_lines, days_between
from hxdav.store.store import Tx
from hxdav.store.trail import AuditEntry, AuditSearch
from hxdav.web.auth.visitors import Answer, for_administrators, who
from hxdav.web.paging import AT_ONCE, before
from hxdav.web.settings import WebBackend

_EXPORTED_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailQuery:
    """What was typed into the search: whole days, in the practice's zone; ``user`` is whose doing it was."""

    what: str
    user: User | None
    first: date | None
    last: date | None

    def search(self, group: PracticeGroup) -> AuditSearch:
        """The same, as the store is asked."""
        return AuditSearch(
            practice_group_id=group.id,
            # People write words, and the log has them joined.
            action="_".join(self.what.lower().split()),
            user_id=self.user.id if self.user else None,
            within=days_between(self.first, self.last, ZoneInfo(group.zone)),
        )

    @property
    def address(self) -> dict[str, str]:
        """The same, as it stands in addresses."""
        typed = {
            "what": self.what,
            "who": self.user.username if self.user else "",
            "from": self.first.isoformat() if self.first else "",
            "to": self.last.isoformat() if self.last else "",
        }
        return {name: value for name, value in typed.items() if value}


def trail_routes(backend: WebBackend) -> Blueprint:
    """The search, and the file."""
    pages = _Trail(backend)
    routes = Blueprint("trail", __name__, url_prefix="/app/practice")
    routes.add_url_rule("/trail", "shown", for_administrators(pages.shown))
    routes.add_url_rule("/trail.csv", "export", for_administrators(pages.export))
    return routes


@dataclass(frozen=True, slots=True)
class _Trail:
    backend: WebBackend

    def shown(self) -> Answer:
        with self.backend.store.snapshot() as tx:
            group, users = _practice(tx)
            asked = _asked(users)
            entries = tx.trail.latest(asked.search(group), before=before(), limit=AT_ONCE + 1)
            return render_template(
                "trail.html",
                asked=asked,
                users=users,
                names={each.id: each.username for each in users},
                entries=entries[:AT_ONCE],
                older=entries[AT_ONCE - 1].id if len(entries) > AT_ONCE else None,
                is_first=before() is None,
                calendars=_calendars(tx, entries),
                zone=ZoneInfo(group.zone),
            )

    def export(self) -> Answer:
        with self.backend.store.snapshot() as tx:
            group, users = _practice(tx)
        today = day_of(self.backend.clock.now(), ZoneInfo(group.zone))
        return Response(
            _joined(csv_lines(self._entries(_asked(users).search(group)))),
            mimetype="text/csv",
            headers={"Content-Disposition": f'attachment; filename="audit-{group.key}-{today}.csv"'},
        )

    def _entries(self, search: AuditSearch) -> Iterator[AuditEntry]:
        # A browser that reads slowly keeps no transaction open; entries are only ever added.
        after = 0
        while entries := self._following(search, after):
            yield from entries
            after = entries[-1].id

    def _following(self, search: AuditSearch, after: int) -> list[AuditEntry]:
        with self.backend.store.snapshot() as tx:
            return tx.trail.following(search, after=after, limit=_EXPORTED_AT_ONCE)


def _joined(lines: Iterator[str]) -> Iterator[str]:
    """The same text in fewer pieces."""
    while piece := "".join(islice(lines, _EXPORTED_AT_ONCE)):
        yield piece


def _practice(tx: Tx) -> tuple[PracticeGroup, list[User]]:
    group_id = who().user.practice_group_id
    return tx.people.practice_group(group_id), tx.people.users(group_id)


def _asked(users: list[User]) -> TrailQuery:
    given = request.args
    named = given.get("who", "")
    user = next((each for each in users if each.username == named), None)
    if named and user is None:
        abort(HTTPStatus.NOT_FOUND)
    return TrailQuery(what=given.get("what", "").strip(), user=user, first=_day("from"), last=_day("to"))


def _day(name: str) -> date | None:
    typed = request.args.get(name, "")
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST)


def _calendars(tx: Tx, entries: list[AuditEntry]) -> dict[IntegrationId, str]:
    """What the calendars are called from which it was done."""
    numbers = {each.integration_id for each in entries if each.integration_id is not None}
    return {number: tx.integrations.one(number).name for number in numbers}
