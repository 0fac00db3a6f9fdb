"""How a walk ends: everything calms down, and each side shows the same, told by what the simulators themselves keep."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hxdav.domain.bridge import BridgeState, Link
from hxdav.domain.edit import Authority
from hxdav.domain.ids import IntegrationId
from hxdav.domain.mirror import Mirror, derived_uid
from hxdav.domain.notification import NotificationKind
from hxdav.domain.refusal import Reason
from hxdav.domain.removal import Answer
from hxdav.domain.times import AllDay, When, Zoned
from hxdav.domain.window import Window
from hxdav.ical.build import PRODID, text_line, time_line
from hxdav.ical.fields import differences
from hxdav.ical.objects import object_of
from hxdav.remote import CalendarId
from hxdav.remotes.google.events_out import MARK
from hxdav.store.links import WHOLE
from hxdav.store.store import Tx
from hxdav.sync.engine import Engine
from hxdav.sync.errand import Errand, ours_of
from hxdav.sync.singles import single_events
from hxdav.sync.verifying import Finding
from tests.e2e.walked_steps import SECRET
from tests.e2e.walking import Walk
from tests.integration.machines.model import ZONE
from tests.simulators.google.channels import Troubles
from tests.simulators.google.wire import Json

_LOOKS = 14
"""After so many looks without anything going wrong nothing is left to do."""


_TURNS = 100
"""More turns than all that is left to do may take."""


def calm_down(walk: Walk) -> None:
    """Let nothing go wrong any more, answer every review with keep, and look until there is nothing left to do."""
    google = walk.stage.google
    google.faults.clear()
    google.channels.troubles = Troubles()
    walk.account.faults.clear()
    google_id = walk.calendar_of(walk.google_id)
    if google_id:
        walk.person.unhide(google_id)
    engine = walk.an_engine(walk.store, "the last worker")
    for integration_id in walk.lied:
        # What a provider has never told of, nobody can know: an administrator has everything looked at anew.
        if walk.calendar_of(integration_id):
            engine.repair(integration_id)
    before = None
    for _ in range(_LOOKS):
        walk.passes(minutes=20)
        walk.has_looked(*walk.bridges)
        _works(engine)
        is_asked = _keeps(walk)
        after = _everything(walk)
        if before == after and not is_asked:
            return
        before = after
    raise AssertionError("it does not calm down")


def _works(engine: Engine) -> None:
    """Do what is due, which comes to an end."""
    for _ in range(_TURNS):
        due = engine.due()
        if not due:
            return
        for account_id in due:
            engine.look_after(account_id)
    raise AssertionError("there is always something to do")


def _keeps(walk: Walk) -> bool:
    with walk.store.snapshot() as tx:
        waiting = [each.id for each in tx.removals.in_review(walk.practice.practitioner_id)]
    if waiting:
        walk.practice.answer(waiting, Answer.KEEP)
    return bool(waiting)


def _everything(walk: Walk) -> list[object]:
    """What would not stay the same if anything were done."""
    with walk.store.snapshot() as tx:
        modseqs = [each.modseq for each in tx.integrations.all()]
        removals = [each.state for each in tx.removals.all_of(walk.practice.practitioner_id)]
        accounts = [each.trouble for each in tx.external_accounts.all()]
    return [modseqs, removals, accounts, google_texts(walk), icloud_texts(walk)]


def has_converged(walk: Walk) -> None:
    """Hold the end of a walk to what a walk must come to."""
    google = walk.stage.google
    assert google.violations == [], "Google's published schema is kept"
    assert {each.value for each in google.api.send_updates} <= {"none"}, "nobody is mailed"
    with walk.store.snapshot() as tx:
        troubles = {each.trouble for each in tx.external_accounts.all()}
    assert troubles == {None}, "nothing is in the way any more"
    engine = walk.an_engine(walk.store, "an inspector")
    for integration_id, texts in ((walk.google_id, google_texts(walk)), (walk.icloud_id, icloud_texts(walk))):
        with walk.store.snapshot() as tx:
            assert tx.bridges.one(integration_id).state is BridgeState.RUNNING
            service = tx.integrations.one(integration_id).service
        findings = [each for each in engine.verify(integration_id) if each.finding is not Finding.LEFT_ALONE]
        assert findings == [], f"{service}: {findings}"
        both_sides_are_equal(walk, integration_id, texts)
    nothing_of_a_patient_is_told(walk)
    only_what_somebody_deleted_is_gone(walk)


def both_sides_are_equal(walk: Walk, integration_id: IntegrationId, texts: dict[str, str]) -> None:
    """What an integration shows is at its provider once, with equal fields; ``texts`` is by remote id."""
    by_uid: dict[str, str] = {object_of(text).uid: text for text in texts.values()}
    twice = [uid for uid, times in Counter(object_of(text).uid for text in texts.values()).items() if times > 1]
    assert not twice, f"there once: {twice}"
    with _errand(walk, integration_id) as errand, walk.store.snapshot() as tx:
        integration = tx.integrations.one(integration_id)
        told = {each.kind for each in tx.notifications.of(integration.practitioner_id)}
        links = tx.links.of_integration(integration_id)
        alone = {object_of(texts[link.remote_id]).uid for link in links if link.parked and link.remote_id in texts}
        for link in links:
            # What the provider does not take of ours is told with its reason where the integration is shown.
            is_ours = link.mirror_id is not None and link.parked not in set(Reason)
            assert not link.parked or is_ours or _was_told(link, told), f"left alone without a word: {link.parked}"
        wanted: dict[str, str] = {}
        for mirror in tx.mirrors.shown_in(integration_id):
            wanted |= _wanted(tx, errand, mirror)
        left = {uid for uid in by_uid if uid not in wanted}
        assert left <= alone, f"{integration.service}: nobody knows {[by_uid[uid] for uid in left - alone]}"
        for uid, text in wanted.items():
            if uid in alone:
                continue
            assert uid in by_uid, f"{integration.service} lacks\n{text}"
            unlike = differences(errand.parts_of_text(text), errand.parts_of_text(by_uid[uid]))
            assert not unlike, f"{integration.service}: {sorted(map(str, unlike))}\n{text}\n{by_uid[uid]}"


def _wanted(tx: Tx, errand: Errand, mirror: Mirror) -> dict[str, str]:
    """What is to be at the provider of what a mirror shows, by UID."""
    ours = ours_of(tx, errand, mirror)
    whole = tx.links.of(mirror.id).get(WHOLE)
    if whole is not None and whole.parked and whole.tag is None:
        return {}
    if errand.remote.can_express(ours.text):
        return {mirror.uid: ours.text}
    connected_on = tx.integrations.one(errand.integration_id).connected_on
    window = Window.of(errand.policy, connected_on=connected_on, now=errand.now(), practice_zone=ZONE)
    found = single_events(
        ours.text,
        uid_of=lambda key: derived_uid(
            errand.integration_id,
            mirror.appointment_id,
            service=errand.service,
            recurrence_id=key,
            generation=mirror.generation,
        ),
        within=window.interval,
        practice_zone=ZONE,
    )
    return {object_of(text).uid: text for text in found.values()}


@contextlib.contextmanager
def _errand(walk: Walk, integration_id: IntegrationId) -> Iterator[Errand]:
    with walk.store.snapshot() as tx:
        bridge = tx.bridges.one(integration_id)
        account = tx.external_accounts.one(bridge.account_id)
    with contextlib.closing(walk.opened(account)) as remote:
        yield Errand(
            store=walk.store,
            clock=walk.clock,
            policy=walk.practice.policy,
            remote=remote,
            integration_id=integration_id,
            service=account.service,
            zone=ZONE,
            calendar_id=CalendarId(bridge.calendar_id or ""),
            keep_lease=lambda: None,
        )


def _was_told(link: Link, told: set[NotificationKind]) -> bool:
    reasons = {kind.value: kind for kind in NotificationKind}
    return (reasons.get(link.parked or "") or NotificationKind.OBJECT_LEFT_ALONE) in told


def nothing_of_a_patient_is_told(walk: Walk) -> None:
    """No provider has a word that is about a patient."""
    google_id, icloud_id = walk.calendar_of(walk.google_id), walk.calendar_of(walk.icloud_id)
    assert SECRET not in json.dumps(walk.person.resources(google_id))
    assert not any(SECRET in text for text in walk.account.device.objects(icloud_id).values())


def only_what_somebody_deleted_is_gone(walk: Walk) -> None:
    """Each removal is of what a person deleted in that calendar, and nothing is gone that nobody wanted gone."""
    with walk.store.snapshot() as tx:
        wanted_gone = set(walk.may_go)
        for removal in tx.removals.all_of(walk.practice.practitioner_id):
            if removal.source.authority is Authority.OUTSIDE and removal.source.integration_id in walk.bridges:
                own = [
                    each.uid
                    for each in tx.mirrors.of(removal.appointment_id)
                    if each.integration_id == removal.source.integration_id
                ]
                assert walk.deleted & set(own), f"a removal that nobody made: appointment {removal.appointment_id}"
                wanted_gone.add(removal.appointment_id)
        gone = {each.id for each in tx.appointments.of(walk.practice.practitioner_id) if each.is_gone}
    assert gone <= wanted_gone, f"gone, and nobody wanted that: {gone - wanted_gone}"


def icloud_texts(walk: Walk) -> dict[str, str]:
    """What is in Maya's calendar on her Apple device, by name as in hrefs."""
    calendar = walk.calendar_of(walk.icloud_id)
    found = walk.account.device.objects(calendar) if calendar else {}
    with walk.store.snapshot() as tx:
        hrefs = {(link.remote_id or "").rpartition("/")[2]: link.remote_id for link in _links(tx, walk.icloud_id)}
    return {hrefs.get(name) or name: text for name, text in found.items()}


def _links(tx: Tx, integration_id: IntegrationId) -> list[Link]:
    return [link for link in tx.links.of_integration(integration_id) if link.remote_id]


def google_texts(walk: Walk) -> dict[str, str]:
    """What is in Maya's calendar at Google, by event id: series in one object with their exceptions."""
    calendar = walk.calendar_of(walk.google_id)
    resources = walk.person.resources(calendar) if calendar else []
    masters = [one for one in resources if "recurringEventId" not in one and one["status"] != "cancelled"]
    return {
        one["id"]: _text(one, [each for each in resources if each.get("recurringEventId") == one["id"]])
        for one in masters
    }


def _text(master: Json, exceptions: list[Json]) -> str:
    """A calendar object of Google's resources, made without a word of hxdav's own reading of them."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODID}"]
    cancelled = [_moment_line("EXDATE", one["originalStartTime"]) for one in exceptions if one["status"] == "cancelled"]
    lines += _vevent(master, _uid(master), [*master.get("recurrence", ()), *cancelled])
    for one in exceptions:
        if one["status"] != "cancelled" and not _says_nothing(one, master):
            lines += _vevent(one, _uid(master), [_moment_line("RECURRENCE-ID", one["originalStartTime"])])
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def _vevent(shown: Json, uid: str, more: list[str]) -> list[str]:
    words = [text_line(name.upper(), shown[name]) for name in ("summary", "location", "description") if shown.get(name)]
    codes = [f"STATUS:{shown['status'].upper()}", f"TRANSP:{shown.get('transparency', 'opaque').upper()}"]
    times = [_moment_line("DTSTART", shown["start"]), _moment_line("DTEND", shown["end"])]
    return ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261101T000000Z", *times, *more, *words, *codes, "END:VEVENT"]


def _uid(shown: Json) -> str:
    marked = shown.get("extendedProperties", {}).get("private", {}).get(MARK)
    # The rest of a series that was split takes the properties of the first part along.
    return str(marked if marked and "_R" not in shown["id"] else shown["iCalUID"])


def _says_nothing(one: Json, master: Json) -> bool:
    """Whether an exception says what its series says anyway: Google keeps one that was taken back."""
    same = all(one.get(name) == master.get(name) for name in ("summary", "location", "description", "transparency"))
    return same and _when(one["start"]) == _when(one["originalStartTime"]) and _length(one) == _length(master)


def _length(shown: Json) -> Any:
    starts, ends = _when(shown["start"]), _when(shown["end"])
    if isinstance(starts, AllDay) and isinstance(ends, AllDay):
        return ends.day - starts.day
    assert isinstance(starts, Zoned)
    assert isinstance(ends, Zoned)
    return ends.moment.astimezone(UTC) - starts.moment.astimezone(UTC)


def _moment_line(name: str, time: Json) -> str:
    return time_line(name, _when(time))


def _when(time: Json) -> When:
    if "date" in time:
        return AllDay(datetime.fromisoformat(time["date"]).date())
    moment = datetime.fromisoformat(time["dateTime"])
    local = moment.astimezone(ZoneInfo(time["timeZone"])) if "timeZone" in time else moment.astimezone(UTC)
    # The second of two equal local times cannot be written as such.
    return Zoned(moment.astimezone(UTC) if local.fold else local)
