"""Makes the practice groups and their people what the accounts file says (docs/architecture.md).

Nobody is deleted: who is absent from the file is disabled, and clinics stay, because appointments name them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from hxdav.domain.edit import Source
from hxdav.domain.ids import PracticeGroupId, UserId, Username
from hxdav.domain.integration import Service
from hxdav.domain.practice import Band, PracticeGroup, Practitioner
from hxdav.domain.privacy import PrivacyLevel
from hxdav.domain.times import Clock
from hxdav.store.store import Tx
from hxdav.store.trail import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedClinic:
    """A clinic as the file has it; ``place`` is where in the file, here and below."""

    key: str
    name: str
    zone: str
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedUser:
    """A user as the file has it."""

    username: str
    name: str
    administrator: bool = False
    email: str | None = None
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPractitioner:
    """A practitioner as the file has it; ``username`` is the login, None for one who has none."""

    key: str
    name: str
    username: str | None = None
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPracticeGroup:
    """A practice group as the file has it; ``privacy`` is the most that each service is told (rule 11)."""

    key: str
    name: str
    zone: str
    band: Band = Band.NONE
    privacy: Mapping[Service, PrivacyLevel] = field(default_factory=dict)
    clinics: tuple[WantedClinic, ...] = ()
    users: tuple[WantedUser, ...] = ()
    practitioners: tuple[WantedPractitioner, ...] = ()
    place: str = ""


class DifferenceKind(StrEnum):
    """What a difference does."""

    ADD = "add"
    CHANGE = "change"
    ENABLE = "enable"
    DISABLE = "disable"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDifference:
    """One thing that is not as the file says: of the practice group, ``subject`` is what, ``key`` which."""

    practice_group: str
    subject: str
    key: str
    kind: DifferenceKind
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What applying a file did; the practice groups in ``moved`` got another zone, and have to be indexed anew."""

    differences: tuple[AccountDifference, ...]
    moved: tuple[PracticeGroupId, ...]

    @property
    def disables(self) -> bool:
        """Whether somebody is disabled, which wants a confirmation."""
        return any(each.kind is DifferenceKind.DISABLE for each in self.differences)


def apply(tx: Tx, clock: Clock, *, wanted: Iterable[WantedPracticeGroup], source: Source) -> Application:
    """Make the store what ``wanted`` says, which ``account_problems`` found nothing wrong with; what that changed.

    To see the difference only, apply it in a transaction that is rolled back.
    """
    ledger = _Ledger(tx=tx)
    present = {each.key: each for each in tx.people.practice_groups()}
    named = tuple(wanted)
    for group in named:
        ledger.practice_group = group.key
        group_id = ledger.ids[group.key] = _practice_group(ledger, group, present.get(group.key))
        _clinics(ledger, group, group_id)
        users = _users(ledger, group, group_id)
        _practitioners(ledger, group, group_id, users=users)
    for key in sorted(present.keys() - {group.key for group in named}):
        ledger.practice_group = key
        ledger.ids[key] = present[key].id
        _disable(ledger, present[key].id, usernames=(), practitioners=())
    _audit(ledger, source=source, at=clock.now())
    return Application(differences=tuple(ledger.differences), moved=tuple(ledger.moved))


@dataclass
class _Ledger:
    """The transaction, and what has been done in it so far."""

    tx: Tx
    practice_group: str = ""
    ids: dict[str, PracticeGroupId] = field(default_factory=dict)
    differences: list[AccountDifference] = field(default_factory=list)
    moved: list[PracticeGroupId] = field(default_factory=list)

    def note(self, subject: str, key: str, kind: DifferenceKind, *, detail: str = "") -> None:
        self.differences.append(
            AccountDifference(practice_group=self.practice_group, subject=subject, key=key, kind=kind, detail=detail)
        )

    def note_changes(self, subject: str, key: str, **values: tuple[object, object]) -> bool:
        """Note what differs; whether anything does."""
        changed = {name: pair for name, pair in values.items() if pair[0] != pair[1]}
        for name, (before, after) in changed.items():
            self.note(subject, key, DifferenceKind.CHANGE, detail=f"{name}: {_shown(before)} → {_shown(after)}")
        return bool(changed)

    def note_enabled(self, subject: str, key: str, *, was_enabled: bool) -> bool:
        """Note that somebody disabled comes back; whether that is so."""
        if not was_enabled:
            self.note(subject, key, DifferenceKind.ENABLE)
        return not was_enabled


def _audit(ledger: _Ledger, *, source: Source, at: datetime) -> None:
    """One entry for each practice group that changed: what was done to whom, and not what they are called."""
    for key, group_id in ledger.ids.items():
        done = [f"{each.kind} {each.subject} {each.key}" for each in ledger.differences if each.practice_group == key]
        if done:
            subject = Subject(practice_group_id=group_id)
            ledger.tx.trail.audit("accounts_applied", subject, source=source, at=at, detail={"done": done})


def _practice_group(ledger: _Ledger, wanted: WantedPracticeGroup, present: PracticeGroup | None) -> PracticeGroupId:
    if present is None:
        detail = f"{wanted.name}, {wanted.zone}, band {wanted.band}"
        told = f", privacy {_told(wanted.privacy)}" if wanted.privacy else ""
        ledger.note("practice group", wanted.key, DifferenceKind.ADD, detail=detail + told)
        return ledger.tx.people.add_practice_group(
            key=wanted.key, name=wanted.name, zone=wanted.zone, band=wanted.band, privacy=wanted.privacy
        )
    if ledger.note_changes(
        "practice group",
        wanted.key,
        name=(present.name, wanted.name),
        zone=(present.zone, wanted.zone),
        band=(present.band, wanted.band),
        privacy=(_told(present.privacy), _told(wanted.privacy)),
    ):
        changed = replace(present, name=wanted.name, zone=wanted.zone, band=wanted.band, privacy=wanted.privacy)
        ledger.tx.people.change_practice_group(changed)
    for service in Service:
        if present.privacy.get(service) != wanted.privacy.get(service):
            # What is there already was written at the old level.
            ledger.tx.bridges.look_anew(ledger.tx.bridges.of_service(present.id, service))
    if present.zone != wanted.zone:
        ledger.moved.append(present.id)
    return present.id


def _clinics(ledger: _Ledger, group: WantedPracticeGroup, group_id: PracticeGroupId) -> None:
    present = {each.key: each for each in ledger.tx.people.clinics(group_id)}
    for wanted in group.clinics:
        clinic = present.get(wanted.key)
        if clinic is None:
            ledger.note("clinic", wanted.key, DifferenceKind.ADD, detail=f"{wanted.name}, {wanted.zone}")
            ledger.tx.people.add_clinic(practice_group_id=group_id, key=wanted.key, name=wanted.name, zone=wanted.zone)
        elif ledger.note_changes(
            "clinic", wanted.key, name=(clinic.name, wanted.name), zone=(clinic.zone, wanted.zone)
        ):
            ledger.tx.people.change_clinic(replace(clinic, name=wanted.name, zone=wanted.zone))


def _users(ledger: _Ledger, group: WantedPracticeGroup, group_id: PracticeGroupId) -> dict[str, UserId]:
    """The ids of the group's users by name, all of them there."""
    _disable_users(ledger, group_id, usernames={each.username for each in group.users})
    ids: dict[str, UserId] = {}
    for wanted in group.users:
        user = ledger.tx.people.user_named(wanted.username)
        if user is None:
            role = ", administrator" if wanted.administrator else ""
            email = f", email {wanted.email}" if wanted.email else ""
            ledger.note("user", wanted.username, DifferenceKind.ADD, detail=f"{wanted.name}{role}{email}")
            ids[wanted.username] = ledger.tx.people.add_user(
                practice_group_id=group_id,
                username=Username(wanted.username),
                name=wanted.name,
                administrator=wanted.administrator,
                email=wanted.email,
            )
            continue
        ids[wanted.username] = user.id
        changed = ledger.note_changes(
            "user",
            wanted.username,
            name=(user.name, wanted.name),
            administrator=(user.administrator, wanted.administrator),
            email=(user.email, wanted.email),
        )
        returns = ledger.note_enabled("user", wanted.username, was_enabled=user.enabled)
        if changed or returns:
            ledger.tx.people.change_user(
                replace(user, name=wanted.name, administrator=wanted.administrator, email=wanted.email, enabled=True)
            )
    return ids


def _practitioners(
    ledger: _Ledger, group: WantedPracticeGroup, group_id: PracticeGroupId, *, users: dict[str, UserId]
) -> None:
    _disable_practitioners(ledger, group_id, keys={each.key for each in group.practitioners})
    present = _practitioners_of(ledger, group_id)
    logins = {each.key: users[each.username] if each.username else None for each in group.practitioners}
    for practitioner in present.values():
        # A login belongs to one practitioner at a time: those that change hands are put down before they are taken up.
        if practitioner.user_id is not None and logins.get(practitioner.key) != practitioner.user_id:
            ledger.tx.people.change_practitioner(replace(practitioner, user_id=None))
    names = {user_id: name for name, user_id in users.items()}
    for wanted in group.practitioners:
        found = present.get(wanted.key)
        if found is None:
            detail = f"{wanted.name}, login {wanted.username}" if wanted.username else wanted.name
            ledger.note("practitioner", wanted.key, DifferenceKind.ADD, detail=detail)
            ledger.tx.people.add_practitioner(
                practice_group_id=group_id, key=wanted.key, name=wanted.name, user_id=logins[wanted.key]
            )
            continue
        changed = ledger.note_changes(
            "practitioner",
            wanted.key,
            name=(found.name, wanted.name),
            login=(_login_name(ledger, found, names), wanted.username),
        )
        returns = ledger.note_enabled("practitioner", wanted.key, was_enabled=found.enabled)
        if changed or returns:
            ledger.tx.people.change_practitioner(
                replace(found, name=wanted.name, user_id=logins[wanted.key], enabled=True)
            )


def _disable(
    ledger: _Ledger, group_id: PracticeGroupId, *, usernames: Collection[str], practitioners: Collection[str]
) -> None:
    _disable_users(ledger, group_id, usernames=usernames)
    _disable_practitioners(ledger, group_id, keys=practitioners)


def _disable_users(ledger: _Ledger, group_id: PracticeGroupId, *, usernames: Collection[str]) -> None:
    for user in ledger.tx.people.users():
        if user.practice_group_id == group_id and user.enabled and user.username not in usernames:
            ledger.note("user", user.username, DifferenceKind.DISABLE)
            ledger.tx.people.change_user(replace(user, enabled=False))


def _disable_practitioners(ledger: _Ledger, group_id: PracticeGroupId, *, keys: Collection[str]) -> None:
    for practitioner in _practitioners_of(ledger, group_id).values():
        if practitioner.enabled and practitioner.key not in keys:
            ledger.note("practitioner", practitioner.key, DifferenceKind.DISABLE)
            ledger.tx.people.change_practitioner(replace(practitioner, enabled=False))


def _practitioners_of(ledger: _Ledger, group_id: PracticeGroupId) -> dict[str, Practitioner]:
    return {each.key: each for each in ledger.tx.people.practitioners() if each.practice_group_id == group_id}


def _login_name(ledger: _Ledger, practitioner: Practitioner, names: dict[UserId, str]) -> str | None:
    if practitioner.user_id is None:
        return None
    return names.get(practitioner.user_id) or ledger.tx.people.user(practitioner.user_id).username


def _told(privacy: Mapping[Service, PrivacyLevel]) -> str | None:
    return ", ".join(f"{service} {level}" for service, level in sorted(privacy.items())) or None


def _shown(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case None:
            return "none"
        case _:
            return str(value)
