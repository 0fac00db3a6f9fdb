"""Pushes a series that its provider cannot express as the single events that fall into the window (`design.md` §7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hxdav.domain.bridge import Link
from hxdav.domain.ids import Uid
from hxdav.domain.mirror import derived_uid
from hxdav.domain.times import Interval
from hxdav.domain.window import Window
from hxdav.store.links import WHOLE
from hxdav.sync.errand import Errand, Ours
from hxdav.sync.linking import bring_one, known_at, new_link, remove_single
from hxdav.sync.singles import single_events


def push_singles(errand: Errand, ours: Ours, links: dict[str, Link]) -> None:
    """Bring each event of a series to the provider, and take away those that it no longer has.

    The link of the whole has nothing at the provider: it says that everything has been done for this state.
    """
    whole = links.get(WHOLE) or new_link(ours)
    if whole.tag is not None:
        errand.remote.remove(errand.calendar_id, known_at(whole))
    wanted = single_events(ours.text, uid_of=_uid_of(errand, ours), within=_within(errand), practice_zone=errand.zone)
    for recurrence_id, link in links.items():
        if recurrence_id != WHOLE and recurrence_id not in wanted:
            errand.keep_lease()
            remove_single(errand, link)
    for recurrence_id, text in wanted.items():
        errand.keep_lease()
        bring_one(errand, replace(ours, text=text), links.get(recurrence_id) or new_link(ours, recurrence_id))
    done = replace(whole, remote_id=None, tag=None, base="", sent="", mirror_etag=ours.mirror.etag, parked=None)
    with errand.store.transaction() as tx:
        tx.links.put(done, at=errand.now())


def _uid_of(errand: Errand, ours: Ours) -> Callable[[str], Uid]:
    return lambda recurrence_id: derived_uid(
        errand.integration_id,
        ours.appointment.id,
        service=errand.service,
        recurrence_id=recurrence_id,
        generation=ours.mirror.generation,
    )


def _within(errand: Errand) -> Interval:
    """The window as it is today (rule 4)."""
    with errand.store.single_read() as tx:
        integration = tx.integrations.one(errand.integration_id)
    return Window.of(
        errand.policy, connected_on=integration.connected_on, now=errand.now(), practice_zone=errand.zone
    ).interval
