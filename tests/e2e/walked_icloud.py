"""Maya's Apple device and iCloud behind it, as a side of a walk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hxdav.domain.integration import Service
from hxdav.ical.objects import object_of
from hxdav.net.reach import Reach
from hxdav.remote import Remote
from hxdav.remotes.caldav import CalDavAccount, Flavour, open_caldav
from hxdav.sync.bridge_context import BridgeContext
from tests.e2e.walked_pen import DAYS, HOURS, a_change
from tests.e2e.walked_side import Fault, Side, unlike_texts
from tests.integration.sync.machine_texts import EDITS, KINDS, Pen
from tests.simulators.caldav.account import AppleAccount
from tests.simulators.caldav.quirks import FaultKind

if TYPE_CHECKING:
    from tests.e2e.walking import Walk

REACH = Reach(allowed=("127.0.0.1", "localhost"), hosts=("127.0.0.1", "localhost"))
_PAGES = (3, 200)


class ICloudSide(Side):
    """iCloud, where what she does on her device is a calendar object put or deleted."""

    service = Service.ICLOUD

    def __init__(self, walk: Walk) -> None:
        super().__init__(walk)
        icloud = walk.stage.icloud
        self.account: AppleAccount = icloud.add_account(f"maya{next(walk.stage.numbers)}@icloud.example")
        self._page_size = walk.random.choice(_PAGES)
        self._place = CalDavAccount(
            url=icloud.url,
            username=self.account.username,
            password=self.account.new_app_password(),
            flavour=Flavour.ICLOUD,
        )

    @property
    def subject(self) -> str:
        """The Apple account."""
        return self.account.username

    @property
    def calendar(self) -> str:
        """The last part of the calendar's URL."""
        return urlsplit(super().calendar).path.rstrip("/").rpartition("/")[2]

    def open(self) -> Remote:
        """The CalDAV remote."""
        return open_caldav(self._place, reach=REACH, page_size=self._page_size)

    def guard(self) -> AbstractContextManager[object]:
        """The account's own lock."""
        return self.account.guard

    def calms(self) -> None:
        """It answers as it should."""
        self.account.faults.clear()

    # What she does.

    def acts(self) -> list[Callable[[str], str]]:
        """Something new, changed or deleted."""
        return [self.puts, self.edits, self.edits, self.deletes]

    def puts(self, calendar: str) -> str:
        """A new object."""
        kind, pen = self.walk.random.choice(KINDS), self._pen()
        days, hour = self.walk.random.choice(DAYS), self.walk.random.choice(HOURS)
        text = pen.new(kind, uid=f"{pen.serial}-{pen.word}@device", days=days, hour=hour)
        return self._put(calendar, f"{pen.serial}.ics", text)

    def edits(self, calendar: str) -> str:
        """Another state of an object."""
        random, pen = self.walk.random, self._pen()
        change, days, hour = a_change(random), random.choice(DAYS), random.choice(HOURS)
        objects = self.account.device.objects(calendar)
        if not objects:
            return "nothing to edit"
        name = random.choice(sorted(objects))
        if change == "cancelled":
            self._gone(name, objects[name])
        return f"{change}: {self._put(calendar, name, EDITS[change](pen, objects[name], days, hour))}"

    def deletes(self, calendar: str) -> str:
        """One object less, or several."""
        objects, random = self.account.device.objects(calendar), self.walk.random
        names = random.sample(sorted(objects), min(len(objects), random.choice([1, 1, 1, 2, 5])))
        for name in names:
            self._gone(name, objects[name])
            self.account.device.delete(calendar, name)
        return f"deletes {' '.join(names)}"

    def _gone(self, name: str, text: str) -> None:
        self.wants_gone(self._hrefs().get(name, name), object_of(text).uid)

    def _put(self, calendar: str, name: str, text: str) -> str:
        try:
            self.account.device.put(calendar, name, text)
        except AssertionError as refused:
            # No device makes it, and no service takes it: a series that ends before it begins, say.
            return f"cannot put {name}: {refused}\n{text}"
        return f"puts {name}\n{text}"

    def _pen(self) -> Pen:
        return Pen(now=self.walk.clock.now(), serial=next(self.walk.serials))

    # What goes wrong.

    def faults(self) -> list[Fault]:
        """Of any method."""
        fail = self.account.fail
        put = self.walk.random.choice(["PUT", "DELETE", "REPORT", "PROPFIND", "MKCALENDAR", "GET"])
        return [
            (f"icloud loses an answer to {put}", partial(fail, FaultKind.LOST, method=put)),
            ("icloud loses an answer to PUT", partial(fail, FaultKind.LOST, method="PUT")),
            (f"icloud cuts an answer to {put}", partial(fail, FaultKind.TRUNCATED, method=put)),
            ("icloud is busy", partial(fail, FaultKind.BUSY, times=2)),
            ("icloud breaks", partial(fail, FaultKind.BROKEN, method=put)),
            ("icloud lists nothing", self.lies(partial(fail, FaultKind.EMPTY))),
            ("icloud lists a part", self.lies(partial(fail, FaultKind.PARTIAL))),
            ("icloud refuses its token", partial(fail, FaultKind.STALE_TOKEN)),
            ("icloud forgets its sync tokens", self.account.expire_tokens),
            ("icloud writes anew", self._touches),
        ]

    def _touches(self) -> None:
        calendar = self.calendar
        for name in self.account.device.objects(calendar) if calendar else ():
            self.account.touch(calendar, name)

    # What is there.

    def uids(self) -> Mapping[str, tuple[str, ...]]:
        """By name as in hrefs."""
        return {name: (object_of(text).uid,) for name, text in self._texts().items()}

    def everything(self) -> str:
        """The objects of the device."""
        return "\n".join(f"{name}\n{text}" for name, text in sorted(self._texts().items()))

    def unlike(self, errand: BridgeContext, ours: str, remote_id: str) -> list[str]:
        """Field by field."""
        return unlike_texts(errand, ours, self._texts()[remote_id])

    def keeps_the_contract(self) -> None:
        """A real CalDAV server stands behind it, which refuses what is no calendar object."""

    def _texts(self) -> dict[str, str]:
        calendar = self.calendar
        found = self.account.device.objects(calendar) if calendar else {}
        hrefs = self._hrefs()
        return {hrefs.get(name, name): text for name, text in found.items()}

    def _hrefs(self) -> dict[str, str]:
        """The whole addresses, by the names of the objects."""
        with self.walk.store.snapshot() as tx:
            links = [link.remote_id for link in tx.links.of_integration(self.integration_id) if link.remote_id]
        return {remote_id.rpartition("/")[2]: remote_id for remote_id in links}
