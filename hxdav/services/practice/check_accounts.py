"""What is wrong with an accounts file, all of it at once, before anything of it is applied."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hxdav.domain.email_address import is_email_address
from hxdav.domain.integration import Service
from hxdav.services.practice.apply_accounts import WantedPracticeGroup
from hxdav.store.store import Tx

RESERVED_NAMES = frozenset({
    "api", "app", "caldav", "connect", "dav", "feed", "health", "healthz", "hooks", "hxdav", "invitation",
    "login", "logout", "metrics", "principals", "profile", "readyz", "static", "web", "well-known",
})  # fmt: skip
"""User names that the server's own addresses begin with, or may yet begin with."""

_USERNAME = re.compile(r"[a-z0-9_-][a-z0-9._-]*(@[a-z0-9._-]+)?")
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*")


def account_problems(tx: Tx, wanted: Collection[WantedPracticeGroup]) -> list[str]:
    """Every reason for which ``wanted`` cannot be applied, as sentences that begin with the place in the file."""
    found = [*_doubles(wanted)]
    for group in wanted:
        found += _key_problems("practice group", group.key, group.name, place=group.place)
        found += _zone_problems(group.zone, group.place)
        found += _privacy_problems(group)
        found += _clinic_problems(group)
        found += _user_problems(tx, group)
        found += _practitioner_problems(group)
    return found


def _doubles(wanted: Collection[WantedPracticeGroup]) -> Iterator[str]:
    groups = Counter(group.key for group in wanted)
    users = Counter(user.username for group in wanted for user in group.users)
    seen: set[str] = set()
    for group in wanted:
        if groups[group.key] > 1 and f"group {group.key}" in seen:
            yield f"{group.place}: there are two practice groups {group.key}."
        seen.add(f"group {group.key}")
        for user in group.users:
            if users[user.username] > 1 and f"user {user.username}" in seen:
                yield f"{user.place}: there are two users {user.username}; a user name is unique on the server."
            seen.add(f"user {user.username}")


def _key_problems(subject: str, key: str, name: str, *, place: str) -> Iterator[str]:
    if not _KEY.fullmatch(key):
        yield f'{place}: the key "{key}" of a {subject} is not lower-case letters, digits, ".", "-" and "_".'
    if not name.strip() or any(not character.isprintable() for character in name):
        yield f"{place}: the {subject} {key} needs a name on one line."


def _zone_problems(zone: str, place: str) -> Iterator[str]:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f'{place}: there is no time zone "{zone}"; names are as in Australia/Sydney.'


def _privacy_problems(group: WantedPracticeGroup) -> Iterator[str]:
    if Service.NATIVE in group.privacy:
        yield f'{group.place}: there is no level of privacy for "native"; hxdav\'s own calendars show everything.'


def _clinic_problems(group: WantedPracticeGroup) -> Iterator[str]:
    yield from _repeated(("clinic", each.key, each.place) for each in group.clinics)
    for clinic in group.clinics:
        yield from _key_problems("clinic", clinic.key, clinic.name, place=clinic.place)
        yield from _zone_problems(clinic.zone, clinic.place)


def _user_problems(tx: Tx, group: WantedPracticeGroup) -> Iterator[str]:
    keys = {each.id: each.key for each in tx.people.practice_groups()}
    for user in group.users:
        if not _USERNAME.fullmatch(user.username):
            yield (
                f'{user.place}: "{user.username}" cannot be a user name: lower-case letters, digits, ".", "-", "_" '
                'and at most one "@", not starting with ".".'
            )
        elif user.username in RESERVED_NAMES:
            yield f'{user.place}: the user name "{user.username}" is reserved.'
        if not user.name.strip():
            yield f"{user.place}: the user {user.username} needs a name."
        if user.email is not None and not is_email_address(user.email):
            yield f"{user.place}: the email of the user {user.username} is no address such as name@practice.example."
        known = tx.people.user_named(user.username)
        if known is not None and keys[known.practice_group_id] != group.key:
            other = keys[known.practice_group_id]
            yield f"{user.place}: the user {user.username} belongs to the practice group {other} and stays there."


def _practitioner_problems(group: WantedPracticeGroup) -> Iterator[str]:
    yield from _repeated(("practitioner", each.key, each.place) for each in group.practitioners)
    logins = [("login", each.username, each.place) for each in group.practitioners if each.username]
    yield from _repeated(logins)
    usernames = {user.username for user in group.users}
    for practitioner in group.practitioners:
        yield from _key_problems("practitioner", practitioner.key, practitioner.name, place=practitioner.place)
        if practitioner.username is not None and practitioner.username not in usernames:
            yield (
                f"{practitioner.place}: the practitioner {practitioner.key} has the login {practitioner.username}, "
                f"and the practice group {group.key} has no such user."
            )


def _repeated(named: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    seen: set[str] = set()
    for subject, key, place in named:
        if key in seen:
            yield f"{place}: there are two of the {subject} {key}."
        seen.add(key)
