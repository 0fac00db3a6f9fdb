"""The state machine of the product's rules: any interleaving of all that can happen, held to what must be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.edit import Applied
from hxdav.domain.ids import Href
from hxdav.gate import PutAppointment, PutObject, read_body, submit
from hxdav.ical.objects import object_of
from tests.builders import BY_PRACTICE
from tests.integration.machines.pictures import picture_of
from tests.integration.machines.rules_office import OfficeRules

SPRING = datetime(2026, 10, 1, 13, 0, tzinfo=UTC)
"""Three nights before Sydney's clocks go forward."""

AUTUMN = datetime(2027, 4, 1, 12, 59, 30, tzinfo=UTC)
"""Three nights before Sydney's clocks go back, half a minute before a midnight."""

_AHEAD = (1, 9, 2, 40, 3, 0)
_CREDITS_LEFT = (0, 24, 25, 75)

OUTCOMES = {
    "PutObject: Applied",
    "PutObject: Held",
    "emptied: Held",
    "PutObject: Merged",
    "PutObject: exists",
    "PutObject: stale",
    "PutObject: uid_changed",
    "PutObject: after_window",
    "PutObject: suspended",
    "PutObject: sync_paused",
    "RemoveObject: Held",
    "RemoveObject: Merged",
    "RemoveObject: missing",
    "RemoveObject: note_protects",
    "MoveObject: Applied",
    "PutAppointment: Applied",
    "CancelAppointment: Applied",
    "RestoreVersion: Applied",
    "undone: it takes place again",
    "removal held",
    "removal review",
    "removal applied settled",
    "removal applied reviewed",
    "removal kept reviewed",
    "removal kept unanswered",
    "removal kept taken_back",
    "removal kept changed",
    "removal kept dragged",
    "review carried out in part",
    "buy",
    "cancel",
    "subscription renewed",
    "subscription running paused",
    "subscription paused running",
    "subscription running ended",
    "connected another",
    "disconnect",
    "suspend",
    "purged versions",
    "purged mirrors",
    "restored",
    "cut before the first commit",
    "cut between commits",
    "a device starts over",
}
"""What seven hundred examples reach many times over: whatever else may happen is reached in most runs."""


class RulesMachine(OfficeRules):
    """Everything that may happen, from several beginnings."""

    moment: ClassVar[datetime]

    @initialize(
        days_ago=st.sampled_from([0, 29]),
        credits_left=st.sampled_from(_CREDITS_LEFT),
        own=st.integers(0, 6),
        booked=st.integers(0, 3),
    )
    def begin(self, days_ago: int, credits_left: int, own: int, booked: int) -> None:
        """Begin with calendars that were connected, and paid for, so many days ago; and with something in them."""
        self.settle_in(self.moment - timedelta(days=days_ago), credits_left=credits_left)
        self.clock.advance(days=days_ago)
        with self.store.transaction() as tx:
            for number in range(own):
                replica = self.replicas[number % 2]
                body = self.text(f"own-{number}@example", days=_AHEAD[number]).encode()
                put = PutObject(
                    integration_id=replica.integration_id,
                    href=Href(f"own-{number}.ics"),
                    body=body,
                    reading=read_body(body),
                )
                outcome = submit(tx, self.clock, self.policy, change=put, source=replica.source)
                assert isinstance(outcome, Applied)
            for number in range(booked):
                book = PutAppointment(
                    practitioner_id=self.practitioners[number == 2],
                    appointment_id=None,
                    content=object_of(self.text(f"first-{number}@practice", days=2 + number)),
                    kind=AppointmentKind.PATIENT,
                )
                assert isinstance(submit(tx, self.clock, self.policy, change=book, source=BY_PRACTICE), Applied)
        self.picture = picture_of(self.store)
        for replica in self.replicas:
            replica.look(self.store, self.keyring)
        self.replay()
