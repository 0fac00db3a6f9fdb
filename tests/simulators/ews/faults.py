"""Faults to be scripted: the next operations that match are refused, lost, doubled, delayed, cut or half told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from tests.simulators.ews.wire import SoapFault

LISTING = "^(SyncFolderItems|FindItem)$"
ALL = "."


class FaultKind(StrEnum):
    """What happens to a request."""

    FAULT = "fault"
    """Not carried out; answered with HTTP 500 and a SOAP fault."""
    HTTP = "http"
    """Not carried out; answered with another code and a page that is no XML."""
    REFUSED = "refused"
    """Not carried out; answered with one response message that says so."""
    LOST = "lost"
    """Carried out; the connection closes without an answer."""
    DOUBLED = "doubled"
    """Carried out twice; the second answer is sent."""
    DELAYED = "delayed"
    """Carried out after some time."""
    CUT = "cut"
    """Carried out; half of the answer is sent, then the connection closes."""
    TRUNCATED = "truncated"
    """Carried out; the answer is whole HTTP, and half of its XML."""
    EMPTY = "empty"
    """A listing of nothing, though there is something; its sync state is past what it does not tell."""
    PARTIAL = "partial"
    """A listing of the first half of its entries, which says that it is whole."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One scripted fault. The operation is a regular expression, searched in the operation's name."""

    kind: FaultKind
    times: int
    operation: re.Pattern[str]
    soap: SoapFault | None = None
    code: int = 0
    seconds: float = 0.0
    reason: str = ""


class Faults:
    """The script: the first fault that matches an operation is taken, and used up once."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = Lock()

    def busy(self, milliseconds: int, *, times: int = 1, operation: str = ALL) -> None:
        """The next requests are refused with ErrorServerBusy and so long a back-off."""
        self.fault("ErrorServerBusy", back_off=milliseconds, times=times, operation=operation)

    def fault(self, code: str, *, back_off: int | None = None, times: int = 1, operation: str = ALL) -> None:
        """The next requests are refused as a whole: ErrorInternalServerError, ErrorMailboxStoreUnavailable, ..."""
        self._add(FaultKind.FAULT, times, operation, soap=SoapFault(code, back_off=back_off))

    def http(self, code: int, *, times: int = 1, operation: str = ALL) -> None:
        """The next requests are answered by something before Exchange: 502, 503, a redirect, ..."""
        self._add(FaultKind.HTTP, times, operation, code=code)

    def refuse(self, code: str, *, times: int = 1, operation: str = ALL) -> None:
        """The next operations have one response message of this code."""
        self._add(FaultKind.REFUSED, times, operation, reason=code)

    def lose_answers(self, *, times: int = 1, operation: str = ALL) -> None:
        """The next requests are carried out, and nobody is told."""
        self._add(FaultKind.LOST, times, operation)

    def double(self, *, times: int = 1, operation: str = ALL) -> None:
        """The next requests are carried out twice."""
        self._add(FaultKind.DOUBLED, times, operation)

    def delay(self, seconds: float, *, times: int = 1, operation: str = ALL) -> None:
        """The next requests are carried out later."""
        self._add(FaultKind.DELAYED, times, operation, seconds=seconds)

    def cut(self, *, times: int = 1, operation: str = ALL) -> None:
        """The next answers break off in the middle, and so does the connection."""
        self._add(FaultKind.CUT, times, operation)

    def truncate(self, *, times: int = 1, operation: str = ALL) -> None:
        """The next answers are half of their XML."""
        self._add(FaultKind.TRUNCATED, times, operation)

    def empty_listings(self, *, times: int = 1, operation: str = LISTING) -> None:
        """The next listings say that there is nothing."""
        self._add(FaultKind.EMPTY, times, operation)

    def partial_listings(self, *, times: int = 1, operation: str = LISTING) -> None:
        """The next listings leave the second half out."""
        self._add(FaultKind.PARTIAL, times, operation)

    def clear(self) -> None:
        """Nothing more goes wrong."""
        with self._lock:
            self._faults.clear()

    @contextmanager
    def always(self, code: str, *, operation: str = ALL) -> Iterator[None]:
        """Within the block, every request that matches is refused with that fault."""
        self.fault(code, times=1_000_000, operation=operation)
        try:
            yield
        finally:
            self.clear()

    def take(self, operation: str) -> Fault | None:
        """The fault of this request."""
        with self._lock:
            found = next((one for one in self._faults if one.times > 0 and one.operation.search(operation)), None)
            if found:
                found.times -= 1
            self._faults = [one for one in self._faults if one.times > 0]
            return found

    def _add(
        self,
        kind: FaultKind,
        times: int,
        operation: str,
        *,
        soap: SoapFault | None = None,
        code: int = 0,
        seconds: float = 0.0,
        reason: str = "",
    ) -> None:
        pattern = re.compile(operation)
        with self._lock:
            self._faults.append(
                Fault(kind=kind, times=times, operation=pattern, soap=soap, code=code, seconds=seconds, reason=reason)
            )
