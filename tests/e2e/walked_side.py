"""A side of a walk: Maya's calendar at one provider, what she does there herself, and what goes wrong with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, ClassVar, TypeAlias
from zoneinfo import ZoneInfo

from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Service
from hxdav.ical.fields import differences
from hxdav.remote import Remote
from hxdav.sync.bridge_context import BridgeContext
from tests.builders import SYDNEY
from tests.integration.machines.model import day_at

if TYPE_CHECKING:
    from tests.e2e.walking import Walk

Moment: TypeAlias = datetime | date
Fault = tuple[str, Callable[[], object]]
"""What goes wrong, and how it is made to."""

DAYS = (1, 1, 2, 3, 0, 8, 40, -2, 200, 201, 202, 204)
_HOURS = (9, 14, 0, 2)
_ENDINGS = ("", " ", " & Söhne", ", a; b")
_EVERYTHING: tuple[type[Exception], ...] = ()


class Side(ABC):
    """One provider's side. Each edit is Maya's, in full before anybody else has a turn there."""

    service: ClassVar[Service]
    refusals: ClassVar[tuple[type[Exception], ...]] = _EVERYTHING
    """How it says that it does not let her do something, which its own app would not have offered."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.integration_id = IntegrationId(0)
        self.has_lied = False

    # What the walk needs.

    @property
    @abstractmethod
    def subject(self) -> str:
        """Whose account it is."""

    @abstractmethod
    def open(self) -> Remote:
        """hxdav's remote on the account."""

    @abstractmethod
    def acts(self) -> list[Callable[[str], str]]:
        """What she may do to the calendar of that name, as often as she is likely to; each tells what it was."""

    @abstractmethod
    def guard(self) -> AbstractContextManager[object]:
        """Within it, nothing else happens there."""

    @abstractmethod
    def faults(self) -> list[Fault]:
        """What may go wrong next."""

    @abstractmethod
    def calms(self) -> None:
        """Nothing goes wrong any more, and nothing is hidden."""

    # What the judge needs.

    @abstractmethod
    def uids(self) -> Mapping[str, tuple[str, ...]]:
        """What is in the calendar by remote id: its own UID, and the one under which hxdav has made it."""

    @abstractmethod
    def everything(self) -> str:
        """All that the provider has of her, in one text."""

    @abstractmethod
    def unlike(self, errand: BridgeContext, ours: str, remote_id: str) -> list[str]:
        """How what is there differs from ``ours``, as far as it can be there."""

    @abstractmethod
    def keeps_the_contract(self) -> None:
        """Fail where what the provider publishes was broken, or where anybody was mailed."""

    # What sides share.

    @property
    def calendar(self) -> str:
        """What the provider calls hxdav's calendar; empty before it is made."""
        with self.walk.store.snapshot() as tx:
            return tx.bridges.one(self.integration_id).calendar_id or ""

    def act(self) -> str:
        """Do something there; what it was."""
        calendar = self.calendar
        if not calendar:
            return f"{self.service}: no calendar yet"
        act = self.walk.random.choice(self.acts())
        try:
            with self.guard():
                return f"{self.service}: {act(calendar)}"
        except self.refusals as refused:
            return f"{self.service}: does not let her: {act.__name__}, {refused!r}"

    def wants_gone(self, remote_id: str, *uids: str) -> None:
        """Note that she deletes this: by its UIDs, for hxdav may not know it yet, and by what hxdav knows it as."""
        self.walk.deleted.update(uids)
        with self.walk.store.snapshot() as tx:
            for link in tx.links.of_integration(self.integration_id):
                if link.remote_id == remote_id and link.mirror_id is not None:
                    appointment_id = tx.mirrors.one(link.mirror_id).appointment_id
                    self.walk.deleted.add((self.integration_id, appointment_id))

    def lies(self, fail: Callable[[], object]) -> Callable[[], None]:
        """A fault by which the provider tells less than there is, so that nobody can know the rest."""

        def befall() -> None:
            self.has_lied = True
            fail()

        return befall

    def moment(self, *, is_day: bool) -> Moment:
        """A day, or a time on one, near the window or in it."""
        random = self.walk.random
        day = day_at(self.walk.clock.now()) + timedelta(days=random.choice(DAYS))
        if is_day:
            return day
        wall = datetime.combine(day, time(random.choice(_HOURS), random.choice([0, 15, 30])), tzinfo=ZoneInfo(SYDNEY))
        # Nobody can choose a time that the clocks leave out.
        return wall.astimezone(UTC).astimezone(ZoneInfo(SYDNEY))

    def word(self) -> str:
        """Something to write, which stands nowhere else."""
        return f"{self.service.label} {next(self.walk.serials)}" + self.walk.random.choice(_ENDINGS)


def later(starts: Moment) -> Moment:
    """When something ends that starts then."""
    if isinstance(starts, datetime):
        return (starts.astimezone(UTC) + timedelta(minutes=50)).astimezone(starts.tzinfo)
    return starts + timedelta(days=1)


def unlike_texts(errand: BridgeContext, ours: str, theirs: str) -> list[str]:
    """How two calendar objects differ in what the provider carries."""
    found = differences(errand.parts_of_text(ours), errand.parts_of_text(theirs))
    return [*map(str, found), ours, theirs] if found else []
