"""Any interleaving of edits from two calendars and the practice: the feed replayed gives what is shown."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hxdav.domain.appointment import AppointmentKind, RecordMark
from hxdav.domain.edit import Applied
from hxdav.domain.ids import AppointmentId, ETag, IntegrationId, Uid
from hxdav.ical.patch import replace_uid
from hxdav.store.store import Store
from tests.builders import PracticeWorld, a_practice, a_store, an_object

UIDS = st.sampled_from(["a@example", "b@example", "c@example"])
HREFS = st.sampled_from(["1.ics", "2.ics", "3.ics"])
CALENDARS = st.integers(0, 1)
TITLES = st.sampled_from(["One", "Two"])
DAYS = st.sampled_from(["20261124", "20261125", "20271231"])
MARKS = st.sampled_from([RecordMark.NONE, RecordMark.PRESENT])
KINDS = st.sampled_from(list(AppointmentKind))


def _text(uid: str, title: str, day: str) -> str:
    zone = "TZID=Australia/Sydney"
    return an_object(uid, summary=title, start=f"DTSTART;{zone}:{day}T090000", end=f"DTEND;{zone}:{day}T100000")


class FeedMachine(RuleBasedStateMachine):
    """Edits at random; after each of them every promise of the feed is held."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="hxdav-feed-"))
        shutil.copy(self.template, self.folder / "store.sqlite")
        self.world: PracticeWorld = a_practice(Store(f"sqlite:///{self.folder / 'store.sqlite'}"))
        self.calendars: list[IntegrationId] = []
        self.seen: dict[IntegrationId, dict[int, dict[str, ETag]]] = {}
        self.booked: list[AppointmentId] = []
        self.protected: set[AppointmentId] = set()

    def teardown(self) -> None:
        self.world.store.close()
        shutil.rmtree(self.folder)

    @initialize()
    def connect(self) -> None:
        self.calendars = [self.world.integration("hx-one"), self.world.integration("hx-two")]
        self.seen = {each: {} for each in self.calendars}

    @rule(calendar=CALENDARS, href=HREFS, uid=UIDS, title=TITLES, day=DAYS)
    def put(self, calendar: int, href: str, uid: str, title: str, day: str) -> None:
        self.world.put(self.calendars[calendar], href, _text(uid, title, day))

    @rule(calendar=CALENDARS, number=st.integers(0, 5), title=TITLES, day=DAYS)
    def put_again(self, calendar: int, number: int, title: str, day: str) -> None:
        shown = sorted(self.world.shown(self.calendars[calendar]))
        if shown:
            href = shown[number % len(shown)]
            with self.world.store.snapshot() as tx:
                uid = tx.feed.objects(self.calendars[calendar], [href])[href].shown_uid
            self.world.put(self.calendars[calendar], href, _text(uid, title, day))

    @rule(calendar=CALENDARS, number=st.integers(0, 5))
    def remove(self, calendar: int, number: int) -> None:
        shown = sorted(self.world.shown(self.calendars[calendar]))
        if shown:
            self.world.remove(self.calendars[calendar], shown[number % len(shown)])

    @rule(calendar=CALENDARS, number=st.integers(0, 5), href=HREFS)
    def move(self, calendar: int, number: int, href: str) -> None:
        shown = sorted(self.world.shown(self.calendars[calendar]))
        if shown:
            self.world.move(self.calendars[calendar], shown[number % len(shown)], href)

    @rule(kind=KINDS, title=TITLES, day=DAYS, mark=MARKS)
    def book(self, kind: AppointmentKind, title: str, day: str, mark: RecordMark) -> None:
        uid = f"practice-{len(self.booked)}@example"
        booked = self.world.book(_text(uid, title, day), kind=kind, note=mark)
        self.booked.append(booked.id)
        if mark.protects:
            self.protected.add(booked.id)

    @rule(number=st.integers(0, 5))
    def cancel(self, number: int) -> None:
        if self.booked:
            cancelled = self.booked[number % len(self.booked)]
            assert isinstance(self.world.cancel(cancelled), Applied)
            self.protected.discard(cancelled)

    @rule(minutes=st.sampled_from([0.5, 2, 60 * 24 * 20]))
    def wait(self, minutes: float) -> None:
        self.world.clock.advance(minutes=minutes)

    @invariant()
    def a_replay_from_any_token_gives_what_is_shown(self) -> None:
        for calendar in self.calendars:
            shown = self.world.shown(calendar)
            for since, before in self.seen[calendar].items():
                replayed = dict(before)
                for href, etag in self.world.changes(calendar, since).items():
                    if etag is None:
                        replayed.pop(href, None)
                    else:
                        replayed[href] = etag
                assert replayed == shown
            self.seen[calendar][self.world.modseq(calendar)] = shown

    @invariant()
    def a_calendar_shows_an_appointment_and_a_uid_once(self) -> None:
        for calendar in self.calendars:
            with self.world.store.snapshot() as tx:
                objects = list(tx.feed.every_object(calendar))
                mirrors = [tx.mirrors.at(calendar, each.href) for each in objects]
            uids = [each.shown_uid for each in objects]
            appointments = [mirror.appointment_id for mirror in mirrors if mirror]
            assert len(set(uids)) == len(uids)
            assert len(set(appointments)) == len(appointments) == len(objects)

    @invariant()
    def what_is_protected_is_never_removed_from_outside(self) -> None:
        assert not any(self.world.appointment(each).is_gone for each in self.protected)

    @invariant()
    def an_etag_stands_for_one_text(self) -> None:
        texts: dict[tuple[str, Uid, ETag], str] = {}
        for calendar in self.calendars:
            with self.world.store.snapshot() as tx:
                for each in tx.feed.every_object(calendar):
                    text = replace_uid(each.text, old=each.uid, new=each.shown_uid)
                    assert texts.setdefault((each.href, each.shown_uid, each.etag), text) == text

    @invariant()
    def every_version_has_the_next_revision(self) -> None:
        for each in self.booked:
            with self.world.store.snapshot() as tx:
                revisions = [version.revision for version in tx.appointments.versions(each)]
            assert revisions == list(range(1, len(revisions) + 1))


def test_the_feed_keeps_its_promises(tmp_path_factory: pytest.TempPathFactory) -> None:
    FeedMachine.template = tmp_path_factory.mktemp("machine") / "store.sqlite"
    a_store(f"sqlite:///{FeedMachine.template}").close()
    machine = FeedMachine.TestCase
    machine.settings = settings(
        max_examples=settings().max_examples,
        stateful_step_count=15,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    machine().runTest()
