"""What devices do: they put, delete, move, drag and put again, mostly what they believe to be there."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import reduce

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from hxdav.domain.edit import NO_PRECONDITION, Applied, Held, Merged, Outcome, Precondition, Refused
from hxdav.domain.ids import Href
from hxdav.domain.refusal import Reason
from hxdav.gate import Change, MoveObject, PutObject, RemoveObject, read_body, submit
from tests.builders import an_object
from tests.integration.machines.ground import Ground
from tests.integration.machines.model import DRAGGED, AcknowledgedPut, By, day_at
from tests.integration.machines.replicas import Copy, Replica, matching, sent, value_of, with_line

PICKS = st.integers(0, 11)
NAMES = st.sampled_from("abcd")
DAYS = st.sampled_from([0, 1, 2, 8, 40, -2, 200, 201, 202])
HOURS = st.sampled_from(["T090000", "T000000", "T023000", ""])
GAPS = st.sampled_from([0, 1, 59, 60, 61, 280, 899, 900, 901])
CHANGES = st.sampled_from(["comment", "title", "time", "series", "cancelled", "emptied", "none"])
CONDITIONS = st.sampled_from(["none", "matching", "new"])


class OutsideRules(Ground):
    """Edits from outside."""

    @rule(pick=PICKS, name=NAMES, href=NAMES, days=DAYS, hour=HOURS, look=st.booleans())
    def put(self, pick: int, name: str, href: str, days: int, hour: str, *, look: bool) -> None:
        replica = self.device(pick, look=look)
        text = self.text(f"{name}@example", days=days, hour=hour)
        self.puts(replica, f"{href}.ics", text)

    @precondition(lambda self: self.knows_something())
    @rule(pick=PICKS, which=PICKS, change=CHANGES, days=DAYS, condition=CONDITIONS, look=st.booleans())
    def edit(self, pick: int, which: int, change: str, days: int, condition: str, *, look: bool) -> None:
        replica = self.device(pick, look=look)
        if not replica.copies:
            return
        href = sorted(replica.copies)[which % len(replica.copies)]
        copy = replica.copies[href]
        text = self.edited(copy.text, change, days=days)
        self.puts(replica, href, text, _condition(condition, copy))

    @precondition(lambda self: self.knows_something())
    @rule(pick=PICKS, which=PICKS, count=st.integers(1, 5), gap=GAPS, is_sure=st.booleans(), look=st.booleans())
    def remove(self, pick: int, which: int, count: int, gap: int, *, is_sure: bool, look: bool) -> None:
        replica = self.device(pick, look=look)
        for href in _some(sorted(replica.copies), which, count):
            condition = matching(replica.copies[href]) if is_sure else NO_PRECONDITION
            self.removes(replica, href, condition)
            self.clock.advance(seconds=gap)

    @precondition(lambda self: self.has_deleted_something())
    @rule(pick=PICKS, elsewhere=PICKS, href=NAMES, same=st.booleans(), condition=CONDITIONS)
    def put_back(self, pick: int, elsewhere: int, href: str, *, same: bool, condition: str) -> None:
        deleting = [each for each in self.replicas if each.deleted]
        source = deleting[pick % len(deleting)]
        old_href, copy = source.deleted[elsewhere % len(source.deleted)]
        own = [each for each in self.replicas if each.source.user_id == source.source.user_id]
        replica = source if same else own[elsewhere % len(own)]
        self.puts(replica, old_href if same else f"{href}.ics", self.marked(copy.text), _condition(condition, copy))

    @precondition(lambda self: self.knows_something())
    @rule(pick=PICKS, which=PICKS, elsewhere=PICKS, gap=GAPS, deletes_first=st.booleans())
    def drag(self, pick: int, which: int, elsewhere: int, gap: int, *, deletes_first: bool) -> None:
        replica = self.device(pick, look=True)
        if not replica.copies:
            return
        others = [each for each in self.replicas if each.source.user_id == replica.source.user_id]
        other = others[elsewhere % len(others)]
        href = sorted(replica.copies)[which % len(replica.copies)]
        text = replica.copies[href].text
        for deletes in (deletes_first, not deletes_first):
            if deletes:
                self.removes(replica, href)
            else:
                self.puts(other, href, self.marked(text))
            self.clock.advance(seconds=gap)

    @precondition(lambda self: self.knows_something())
    @rule(pick=PICKS, which=PICKS, to=NAMES, overwrite=st.booleans())
    def move(self, pick: int, which: int, to: str, *, overwrite: bool) -> None:
        replica = self.device(pick, look=True)
        if replica.copies:
            self.moves(replica, sorted(replica.copies)[which % len(replica.copies)], f"{to}.ics", overwrite=overwrite)

    @rule(pick=PICKS)
    def look(self, pick: int) -> None:
        self.device(pick, look=True)

    def device(self, pick: int, *, look: bool) -> Replica:
        """One of the devices; after it has looked what there is, if it does."""
        replica = self.replicas[pick % len(self.replicas)]
        if look and replica.look(self.store, self.keyring):
            self.saw("a device starts over")
        return replica

    def knows_something(self) -> bool:
        """Whether a device has something to edit."""
        return any(each.copies for each in self.replicas)

    def has_deleted_something(self) -> bool:
        """Whether a device could put again what it has deleted."""
        return any(each.deleted for each in self.replicas)

    def text(self, uid: str, *, days: int, hour: str = "T090000") -> str:
        """A calendar object that starts so many days from today; all-day without an hour."""
        day = day_at(self.clock.now()) + timedelta(days=days)
        if not hour:
            start, end = f"DTSTART;VALUE=DATE:{day:%Y%m%d}", ""
        else:
            start, end = f"DTSTART;TZID=Australia/Sydney:{day:%Y%m%d}{hour}", "DURATION:PT50M"
        return self.marked(an_object(uid, start=start, end=end))

    def marked(self, text: str) -> str:
        """``text`` with a comment that no other text has."""
        return with_line(text, f"COMMENT:put {next(self.serials)}")

    def edited(self, text: str, change: str, *, days: int) -> str:
        """Another state of ``text``."""
        comment = f"COMMENT:put {next(self.serials)}"
        (start,) = re.findall(r"(?m)^DTSTART(.*)\r$", text)
        (moved,) = re.findall(r"(?m)^DTSTART.*(?=\r$)", self.text("", days=days))
        lines = {
            "comment": [comment],
            "title": [f"SUMMARY:Title {next(self.serials)}"],
            "time": [comment, moved],
            "series": [comment, "RRULE:FREQ=WEEKLY"],
            "cancelled": ["STATUS:CANCELLED"],
            "emptied": ["RRULE:FREQ=DAILY;COUNT=1", f"EXDATE{start}"],
            "none": [],
        }
        return reduce(with_line, lines[change], text)

    def puts(
        self, replica: Replica, href: str, text: str, precondition: Precondition = NO_PRECONDITION
    ) -> Outcome | None:
        """Put an object; what the device then believes, and what it may rely on."""
        old = replica.copies[href].text if href in replica.copies else ""
        body = text.encode()
        before = self.picture
        outcome = self.submits(
            replica,
            PutObject(
                integration_id=replica.integration_id,
                href=Href(href),
                body=body,
                reading=read_body(body),
                precondition=precondition,
            ),
        )
        match outcome:
            case Applied() | Merged() if not _ends(text):
                self._is_put(replica, href, text, outcome)
                if outcome.appointment_id in before.appointments and not before.has(replica.integration_id, href):
                    self.model.brought[outcome.appointment_id] = (replica.integration_id, self.clock.now())
            case Applied() | Merged() | Held():
                # Ending what is there is a removal, unless one from elsewhere was due and came first.
                assert (
                    not isinstance(outcome, Applied)
                    or _ends(old)
                    or href not in before.shown(replica.integration_id)
                    or outcome.appointment_id in {each.appointment_id for each in before.open_removals()}
                )
                if href in replica.copies:
                    replica.deleted.append((href, replica.copies[href]))
                replica.refetch(self.store, href)
                if isinstance(outcome, Held) and "STATUS:CANCELLED" not in text:
                    self.saw("emptied: Held")
            case Refused():
                self._is_not_put(replica, href, text, outcome)
        return outcome

    def removes(self, replica: Replica, href: str, precondition: Precondition = NO_PRECONDITION) -> Outcome | None:
        """Delete an object; the device's own copy goes whatever the answer is."""
        change = RemoveObject(integration_id=replica.integration_id, href=Href(href), precondition=precondition)
        under_way = {each.appointment_id for each in self.picture.open_removals()}
        outcome = self.submits(replica, change)
        if isinstance(outcome, Held) and outcome.appointment_id not in under_way:
            # An object that was put into another calendar just before was dragged there.
            elsewhere, at = self.model.brought.get(outcome.appointment_id, (replica.integration_id, self.clock.now()))
            assert elsewhere == replica.integration_id or self.clock.now() - at > DRAGGED
        if outcome is not None:
            replica.deleted.append((href, replica.copies.pop(href)))
            if isinstance(outcome, Refused) and not replica.waits_for_ours(outcome):
                replica.refetch(self.store, href)
        return outcome

    def moves(self, replica: Replica, href: str, to_href: str, *, overwrite: bool) -> None:
        """Give an object another address."""
        change = MoveObject(
            integration_id=replica.integration_id, href=Href(href), to_href=Href(to_href), overwrite=overwrite
        )
        outcome = self.submits(replica, change)
        if isinstance(outcome, Applied):
            replica.copies[to_href] = Copy(text=replica.copies.pop(href).text, etag=outcome.etag)
        elif outcome is not None:
            replica.refetch(self.store, href)
            replica.refetch(self.store, to_href)

    def submits(self, replica: Replica, change: Change) -> Outcome | None:
        """Hand an edit in; what is paused, suspended or disconnected takes none, and loses nothing."""
        closed = self.closed(replica)
        before = self.picture
        outcome = self.take(By.OUTSIDE, lambda: self._submit(replica, change), source=replica.source)
        if outcome is None:
            return None
        if closed:
            assert isinstance(outcome, Refused)
            assert outcome.reason is closed
            new = self.picture.versions.keys() - before.versions.keys()
            # A batch that had closed may be applied on this occasion.
            assert all(self.picture.versions[number].action == "removed" for number in new)
            assert self.picture.removals.keys() == before.removals.keys()
        name = outcome.reason if isinstance(outcome, Refused) else type(outcome).__name__
        self.saw(f"{type(change).__name__}: {name}")
        return outcome

    def closed(self, replica: Replica) -> Reason | None:
        """Why a calendar takes no edit now, if so (rules 1, 2 and 9)."""
        integration = self.picture.integrations[replica.integration_id]
        if integration.state in {"suspended", "disconnected"}:
            return Reason(integration.state)
        state = self.subscription_of(self.owner(replica)).state
        return {"paused": Reason.SYNC_PAUSED, "ended": Reason.SYNC_ENDED}.get(state)

    def _submit(self, replica: Replica, change: Change) -> Outcome:
        with self.store.transaction() as tx:
            return submit(tx, self.clock, self.policy, change=change, source=replica.source)

    def _is_put(self, replica: Replica, href: str, text: str, outcome: Applied | Merged) -> None:
        appointment = self.picture.appointments[outcome.appointment_id]
        mark = f"COMMENT:{value_of(text, 'COMMENT')}\r\n"
        if mark in text:
            assert mark in appointment.text
            self.model.puts.append(AcknowledgedPut(appointment_id=appointment.id, mark=mark, at=self.clock.now()))
        etag = outcome.etag if isinstance(outcome, Applied) else None
        replica.copies[href] = Copy(text=text, etag=etag)
        if etag:
            assert sent(appointment.text, own=appointment.uid, shown=value_of(text, "UID")) == text
        elif isinstance(outcome, Applied):
            replica.refetch(self.store, href)

    def _is_not_put(self, replica: Replica, href: str, text: str, refused: Refused) -> None:
        with self.store.snapshot() as tx:
            practitioner_id = tx.integrations.one(replica.integration_id).practitioner_id
            kept = tx.trail.refused_bodies(practitioner_id)
        assert any(each.body == text.encode() and each.reason == refused.reason for each in kept)
        known = replica.copies.get(href)
        if known is None or not replica.waits_for_ours(refused):
            replica.refetch(self.store, href)
        else:
            replica.copies[href] = Copy(text=text, etag=known.etag)


def _condition(name: str, copy: Copy) -> Precondition:
    if name == "matching":
        return matching(copy)
    return Precondition(if_none_match_any=name == "new")


def _some(hrefs: list[str], first: int, count: int) -> list[str]:
    """``count`` of ``hrefs``, from the one numbered ``first`` on."""
    return [hrefs[(first + n) % len(hrefs)] for n in range(min(count, len(hrefs)))]


def _ends(text: str) -> bool:
    """Whether a text leaves nothing of an appointment: it is cancelled, or its only date is taken out."""
    (start,) = re.findall(r"(?m)^DTSTART(.*)\r$", text)
    is_emptied = "RRULE:FREQ=DAILY;COUNT=1\r" in text and f"EXDATE{start}\r" in text
    return "STATUS:CANCELLED" in text or is_emptied
