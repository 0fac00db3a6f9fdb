"""Faults to be scripted: the next requests that match are refused, lost, doubled, delayed, cut or half told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from tests.simulators.google.wire import Refusal

API = r"^/calendar/v3/"
LISTING = r"^/calendar/v3/calendars/[^/]+/events$"


class FaultKind(StrEnum):
    """What happens to a request."""

    REFUSED = "refused"
    """Not carried out; answered with an error."""
    LOST = "lost"
    """Carried out; the connection closes without an answer."""
    DOUBLED = "doubled"
    """Carried out twice, as by a proxy that tries again; the second answer is sent."""
    DELAYED = "delayed"
    """Carried out after some time."""
    CUT = "cut"
    """Carried out; half of the answer is sent, then the connection closes."""
    EMPTY = "empty"
    """A listing of nothing, though there is something."""
    PARTIAL = "partial"
    """A listing of the first half of its entries, which says that it is whole."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One scripted fault. The path is a regular expression, searched in the path without the query."""

    kind: FaultKind
    times: int
    method: str | None
    path: re.Pattern[str]
    refusal: Refusal | None = None
    seconds: float = 0.0

    def matches(self, method: str, path: str) -> bool:
        """Is this request one of those?"""
        return self.times > 0 and self.method in (None, method) and bool(self.path.search(path))


class Faults:
    """The script: the first fault that matches a request is taken, and used up once."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = Lock()

    def refuse(
        self, code: int, reason: str, *, times: int = 1, method: str | None = None, path: str = API, domain: str = ""
    ) -> None:
        """The next requests are answered with this code and reason: 503 backendError, 403 rateLimitExceeded, ..."""
        is_limit = reason.endswith("Exceeded")
        refusal = Refusal(code, reason, reason, domain=domain or ("usageLimits" if is_limit else "global"))
        self._add(FaultKind.REFUSED, times=times, method=method, path=path, refusal=refusal)

    def throttle(self, seconds: int, *, times: int = 1, path: str = API) -> None:
        """The next requests are one too many, with a wait of so many seconds, which Google says at times."""
        refusal = Refusal(
            429,
            "rateLimitExceeded",
            "Rate Limit Exceeded",
            domain="usageLimits",
            headers={"Retry-After": str(seconds)},
        )
        self._add(FaultKind.REFUSED, times=times, method=None, path=path, refusal=refusal)

    def lose_answers(self, *, times: int = 1, method: str | None = None, path: str = API) -> None:
        """The next requests are carried out, and nobody is told."""
        self._add(FaultKind.LOST, times=times, method=method, path=path)

    def double(self, *, times: int = 1, method: str | None = None, path: str = API) -> None:
        """The next requests are carried out twice."""
        self._add(FaultKind.DOUBLED, times=times, method=method, path=path)

    def delay(self, seconds: float, *, times: int = 1, method: str | None = None, path: str = API) -> None:
        """The next requests are carried out later."""
        self._add(FaultKind.DELAYED, times=times, method=method, path=path, seconds=seconds)

    def cut(self, *, times: int = 1, method: str | None = None, path: str = API) -> None:
        """The next answers break off in the middle."""
        self._add(FaultKind.CUT, times=times, method=method, path=path)

    def empty_listings(self, *, times: int = 1, path: str = LISTING) -> None:
        """The next listings of events say that there are none."""
        self._add(FaultKind.EMPTY, times=times, method="GET", path=path)

    def partial_listings(self, *, times: int = 1, path: str = LISTING) -> None:
        """The next listings of events leave the second half out."""
        self._add(FaultKind.PARTIAL, times=times, method="GET", path=path)

    def clear(self) -> None:
        """Nothing more goes wrong."""
        with self._lock:
            self._faults.clear()

    @contextmanager
    def always(self, code: int, reason: str, *, path: str = API) -> Iterator[None]:
        """Within the block, every request that matches is answered so."""
        self.refuse(code, reason, times=1_000_000, path=path)
        try:
            yield
        finally:
            self.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault of this request."""
        with self._lock:
            found = next((fault for fault in self._faults if fault.matches(method, path)), None)
            if found:
                found.times -= 1
            self._faults = [fault for fault in self._faults if fault.times > 0]
            return found

    def _add(
        self,
        kind: FaultKind,
        *,
        times: int,
        method: str | None,
        path: str,
        refusal: Refusal | None = None,
        seconds: float = 0.0,
    ) -> None:
        with self._lock:
            self._faults.append(
                Fault(kind=kind, times=times, method=method, path=re.compile(path), refusal=refusal, seconds=seconds)
            )
