"""Builders: a practice on a real store, and calendar objects, in as few words as a test needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from hxdav.domain.appointment import Appointment, AppointmentKind, AppointmentStatus, PracticeFields, RecordMark
from hxdav.domain.edit import NO_PRECONDITION, Applied, Authority, Outcome, Precondition, Source
from hxdav.domain.ids import (
    AppointmentId,
    ETag,
    Href,
    IntegrationId,
    Modseq,
    PractitionerId,
    RemovalId,
    Slug,
    SubscriptionId,
    UserId,
    Username,
)
from hxdav.domain.integration import Service
from hxdav.domain.notification import NotificationKind
from hxdav.domain.policy import Policy
from hxdav.domain.practice import Band
from hxdav.domain.removal import Removal, ReviewAnswer
from hxdav.domain.subscription import Subscription, SubscriptionState
from hxdav.gate import (
    CancelAppointment,
    Change,
    MoveObject,
    PutAppointment,
    PutObject,
    RemoveObject,
    read_body,
    submit,
)
from hxdav.gate.removal_batches import settle
from hxdav.ical.objects import object_of
from hxdav.secrets.keyring import Keyring
from hxdav.secrets.passwords import new_app_password
from hxdav.services.appointments import removal_review
from hxdav.store import migrating
from hxdav.store.store import Store

NOON = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
"""Noon of 22 November 2026 in Sydney, where the practice of these tests is."""

SYDNEY = "Australia/Sydney"


@dataclass
class MovableClock:
    """A clock that stands still until a test moves it."""

    moment: datetime = NOON

    def now(self) -> datetime:
        """The moment that it was set to."""
        return self.moment

    def advance(self, **by: float) -> None:
        """Let time pass: ``advance(days=3)``."""
        self.moment += timedelta(**by)


@dataclass
class PracticeWorld:
    """A practice group with one practitioner, and the means to edit from outside and with the practice's word."""

    store: Store
    practitioner_id: PractitionerId
    user_id: UserId
    clock: MovableClock = field(default_factory=MovableClock)
    policy: Policy = field(default_factory=Policy)
    keyring: Keyring = field(default_factory=lambda: Keyring(b"k" * 32))

    def integration(self, slug: str = "hx-one", *, connected_on: date = date(2026, 11, 1)) -> IntegrationId:
        """Connect a native integration that shows nothing yet."""
        with self.store.transaction() as tx:
            practitioner = tx.people.practitioner(self.practitioner_id)
            return tx.integrations.add(
                practitioner,
                service=Service.NATIVE,
                slug=Slug(slug),
                name="HX_Harbour Street Psychology",
                connected_on=connected_on,
                modseq=Modseq(0),
                now=self.clock.now(),
            )

    def app_password(self, label: str = "phone") -> str:
        """An app password of the practitioner's login."""
        password = new_app_password()
        with self.store.transaction() as tx:
            tx.app_passwords.add(
                practice_group_id=tx.people.user(self.user_id).practice_group_id,
                user_id=self.user_id,
                label=label,
                digest=self.keyring.app_password_digest(password),
                created_at=self.clock.now(),
                expires_at=None,
            )
        return password

    def submit(self, change: Change, *, source: Source) -> Outcome:
        """Hand an edit in at the gate, in a transaction of its own."""
        with self.store.transaction() as tx:
            return submit(tx, self.clock, self.policy, change=change, source=source)

    def put(
        self,
        integration_id: IntegrationId,
        href: str,
        text: str | bytes,
        precondition: Precondition = NO_PRECONDITION,
    ) -> Outcome:
        """Put a calendar object, as a client does."""
        body = text if isinstance(text, bytes) else text.encode()
        change = PutObject(
            integration_id=integration_id,
            href=Href(href),
            body=body,
            reading=read_body(body),
            precondition=precondition,
        )
        return self.submit(change, source=_from(integration_id, self.user_id))

    def remove(
        self,
        integration_id: IntegrationId,
        href: str,
        precondition: Precondition = NO_PRECONDITION,
        *,
        revision: int | None = None,
        to_review: bool = False,
    ) -> Outcome:
        """Delete a calendar object, as a client or a bridge does."""
        change = RemoveObject(
            integration_id=integration_id,
            href=Href(href),
            precondition=precondition,
            revision=revision,
            to_review=to_review,
        )
        return self.submit(change, source=_from(integration_id, self.user_id))

    def settle(self) -> int:
        """Let the practitioner's batch of removals be applied, if it has closed, as the worker does."""
        with self.store.transaction() as tx:
            return settle(tx, self.clock, self.policy, practitioner_id=self.practitioner_id)

    def removed(self, integration_id: IntegrationId, href: str) -> Outcome:
        """Delete a calendar object, and wait until that has come about."""
        outcome = self.remove(integration_id, href)
        self.clock.advance(seconds=60)
        self.settle()
        return outcome

    def removals(self) -> list[Removal]:
        """Every removal of the practitioner's, the first first."""
        with self.store.snapshot() as tx:
            return tx.removals.all_of(self.practitioner_id)

    def answer(self, removal_ids: Collection[RemovalId], said: ReviewAnswer) -> None:
        """Answer removals in review, and carry the answer out."""
        with self.store.transaction() as tx:
            practitioner = tx.people.practitioner(self.practitioner_id)
            removal_review.answer(
                tx, self.clock, practitioner=practitioner, removal_ids=removal_ids, said=said, source=BY_PRACTICE
            )
        self.carry_out()

    def carry_out(self) -> int:
        """Decide what is due in review, as the worker does."""
        return self.store.in_turns(
            lambda tx: removal_review.carry_out(tx, self.clock, self.policy, practitioner_id=self.practitioner_id)
        )

    def told(self) -> list[NotificationKind]:
        """What the practitioner has been told."""
        with self.store.snapshot() as tx:
            return [each.kind for each in tx.notifications.of(self.practitioner_id)]

    def move(self, integration_id: IntegrationId, href: str, to_href: str, *, overwrite: bool = True) -> Outcome:
        """Move a calendar object within its collection, as a client does."""
        change = MoveObject(integration_id=integration_id, href=Href(href), to_href=Href(to_href), overwrite=overwrite)
        return self.submit(change, source=_from(integration_id, self.user_id))

    def book(
        self,
        text: str,
        *,
        appointment_id: AppointmentId | None = None,
        kind: AppointmentKind = AppointmentKind.PATIENT,
        status: AppointmentStatus = AppointmentStatus.BOOKED,
        note: RecordMark = RecordMark.NONE,
        invoice: RecordMark = RecordMark.NONE,
        patients: tuple[str, ...] = (),
    ) -> Appointment:
        """Add or change an appointment with the practice's word."""
        with self.store.transaction() as tx:
            group = tx.people.practitioner(self.practitioner_id).practice_group_id
            patient_ids = tuple(tx.people.patient_named(group, name) for name in patients)
            change = PutAppointment(
                practitioner_id=self.practitioner_id,
                appointment_id=appointment_id,
                content=object_of(text),
                kind=kind,
                practice=PracticeFields(status=status, note=note, invoice=invoice, patient_ids=patient_ids),
            )
            outcome = submit(tx, self.clock, self.policy, change=change, source=BY_PRACTICE)
            assert isinstance(outcome, Applied)
            found = tx.appointments.find(outcome.appointment_id)
            assert found is not None
            return found

    def cancel(self, appointment_id: AppointmentId) -> Outcome:
        """Cancel an appointment with the practice's word."""
        return self.submit(CancelAppointment(appointment_id=appointment_id), source=BY_PRACTICE)

    def appointment(self, appointment_id: AppointmentId) -> Appointment:
        """An appointment as it is stored."""
        with self.store.snapshot() as tx:
            found = tx.appointments.find(appointment_id)
        assert found is not None
        return found

    def shown(self, integration_id: IntegrationId) -> dict[str, ETag]:
        """What an integration shows: href to entity tag."""
        with self.store.snapshot() as tx:
            return {each.href: each.etag for each in tx.feed.listing(integration_id) if each.etag}

    def changes(self, integration_id: IntegrationId, since: int = 0) -> dict[str, ETag | None]:
        """What changed since a modseq: href to entity tag, None for what is gone."""
        with self.store.snapshot() as tx:
            return {each.href: each.etag for each in tx.feed.changes(integration_id, Modseq(since))}

    def modseq(self, integration_id: IntegrationId) -> int:
        """The modseq on an integration's own row."""
        with self.store.snapshot() as tx:
            return tx.integrations.one(integration_id).modseq

    def text_of(self, integration_id: IntegrationId, href: str) -> str:
        """The text that is kept of what an integration shows at an href, under the appointment's own UID."""
        with self.store.snapshot() as tx:
            return tx.feed.objects(integration_id, [href])[href].text


BY_PRACTICE = Source(authority=Authority.PRACTICE)


def a_practice(store: Store, *, key: str = "harbour", username: str = "maya") -> PracticeWorld:
    """A practice group with one practitioner whose login is ``username``, on a store with its schema in place."""
    with store.transaction() as tx:
        group = tx.people.add_practice_group(key=key, name="Harbour Street Psychology", zone=SYDNEY, band=Band.NONE)
        user_id = tx.people.add_user(
            practice_group_id=group, username=Username(username), name="Maya Lin", administrator=False
        )
        practitioner_id = tx.people.add_practitioner(
            practice_group_id=group, key=username, name="Maya Lin", user_id=user_id
        )
        tx.subscriptions.add(
            Subscription(
                id=SubscriptionId(0),
                practice_group_id=group,
                practitioner_id=practitioner_id,
                state=SubscriptionState.RUNNING,
                renews=True,
                period_from=date(2026, 11, 1),
                paid_until=date(2100, 1, 1),
                warned_for=None,
            )
        )
    return PracticeWorld(store=store, practitioner_id=practitioner_id, user_id=user_id)


def a_store(url: str) -> Store:
    """A store at ``url`` with the present schema."""
    store = Store(url)
    migrating.upgrade(store, now=NOON)
    return store


def an_object(
    uid: str = "one@example",
    *lines: str,
    start: str = "DTSTART;TZID=Australia/Sydney:20261124T090000",
    end: str = "DTEND;TZID=Australia/Sydney:20261124T100000",
    summary: str = "Supervision",
) -> str:
    """A calendar object with one event; ``lines`` are further content lines of it."""
    inner = [f"UID:{uid}", "DTSTAMP:20261101T000000Z", start, end, f"SUMMARY:{summary}", *lines]
    whole = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN", "BEGIN:VEVENT", *inner]
    return "\r\n".join([*(line for line in whole if line), "END:VEVENT", "END:VCALENDAR", ""])


def _from(integration_id: IntegrationId, user_id: UserId) -> Source:
    return Source(authority=Authority.OUTSIDE, user_id=user_id, integration_id=integration_id)
