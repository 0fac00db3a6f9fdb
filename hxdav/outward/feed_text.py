"""The text of a private calendar: every appointment that it shows, in the words that its privacy level leaves."""

from __future__ import annotations

from datetime import timedelta

from hxdav.domain.field import EVERY_FIELD
from hxdav.ical.join import join
from hxdav.outward.projection import initials_of, outward
from hxdav.remote import Capabilities
from hxdav.services.integrations.ics_feed import Publication, published
from hxdav.store.store import Tx

_READER = Capabilities(
    carries=EVERY_FIELD,
    # Not every reader knows where the practice is.
    floating=False,
    hides=False,
    notifies=False,
    polled_every=timedelta(),
    polled_eagerly=timedelta(),
)


def calendar_text(tx: Tx, shown: Publication) -> str:
    """One VCALENDAR with all that ``shown`` shows."""
    appointments = list(published(tx, shown))
    seen = {patient_id for each in appointments for patient_id in each.practice.patient_ids}
    names = {each.id: each.name for each in tx.people.patients(tuple(seen))}
    texts = (
        outward(
            each,
            uid=shown.uid_of(each.id),
            level=shown.level,
            initials=initials_of([names[patient_id] for patient_id in each.practice.patient_ids]),
            capabilities=_READER,
            practice_zone=shown.zone,
        )
        for each in appointments
    )
    return join(texts, name=shown.name)
