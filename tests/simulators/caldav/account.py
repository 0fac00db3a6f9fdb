"""An Apple account of the simulator: who may enter, what goes wrong next, what it adds to the real server's state."""

from __future__ import annotations

import base64
import itertools
import secrets
import string
import threading
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import unquote

from tests.simulators.caldav.device import Device
from tests.simulators.caldav.listening import Asked
from tests.simulators.caldav.quirks import Fault, FaultKind, Quirks

_TOKEN = "HwoQ"
"""How the tokens begin, which say nothing to anybody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What a sync token stands for: the real server's own (empty: from the beginning), and how much was touched."""

    token: str
    touches: int


@dataclass(slots=True, kw_only=True)
class AppleAccount:
    """``dsid`` is the number in its addresses, ``uids`` where each UID is, ``requests`` counts what was asked."""

    username: str
    password: str
    dsid: str
    device: Device
    uids: dict[str, str]
    quirks: Quirks
    app_passwords: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    buried: dict[str, dict[str, str]] = field(default_factory=dict)
    guard: threading.RLock = field(default_factory=threading.RLock)
    _puts: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _touched: list[str] = field(default_factory=list)
    _epoch: int = 0

    # What a test does with it ------------------------------------------------------------------------------------

    def new_app_password(self) -> str:
        """Another app-specific password."""
        letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(16))
        password = "-".join(letters[start : start + 4] for start in range(0, 16, 4))
        self.app_passwords.add(password)
        return password

    def revoke(self, password: str | None = None) -> None:
        """Let this app-specific password, or all of them, open nothing any more."""
        self.app_passwords -= {password} if password else set(self.app_passwords)

    def fail(self, kind: FaultKind, *, method: str = "", path: str = "", times: int = 1, seconds: float = 1) -> None:
        """Let something go wrong with the next requests of that kind."""
        self.faults.append(Fault(kind=kind, method=method, path=path, times=times, seconds=seconds))

    def touch(self, calendar: str, name: str) -> None:
        """Give an object another ETag without another content."""
        with self.guard:
            self._touched.append(f"{calendar}/{name}")

    def expire_tokens(self) -> None:
        """Let every sync token that was given out be refused."""
        self._epoch += 1

    # What the facade does with it --------------------------------------------------------------------------------

    @property
    def home(self) -> str:
        """The path of its calendar home."""
        return f"/{self.dsid}/calendars/"

    @property
    def principal(self) -> str:
        """The path of its principal."""
        return f"/{self.dsid}/principal/"

    def admits(self, password: str) -> bool:
        """Whether a password opens it."""
        return password in self.app_passwords or (not self.quirks.app_passwords_only and password == self.password)

    def next_fault(self, asked: Asked) -> Fault | None:
        """What goes wrong with a request; it has happened then."""
        with self.guard:
            fault = next((fault for fault in self.faults if fault.befalls(asked)), None)
            if fault:
                fault.times -= 1
                self.faults = [fault for fault in self.faults if fault.times > 0]
            return fault

    def has_etag_for_this_put(self) -> bool:
        """Whether this put, too, is answered with an ETag."""
        number, every = next(self._puts), self.quirks.put_without_etag_every
        return not every or number % every > 0

    def revision(self, path: str) -> int:
        """How often an object was touched; ``path`` as in its address below the home."""
        return self._touched.count(unquote(path))

    def tag_out(self, path: str, etag: str) -> str:
        """The ETag that is shown for the real server's."""
        revision = self.revision(path)
        plain = etag.strip('"')
        return f'"{plain}.{revision}"' if revision else etag

    def tag_in(self, path: str, etag: str) -> str:
        """The real server's ETag for one that was shown; one that fits nothing where it is out of date."""
        plain, _, revision = etag.strip('"').partition(".")
        return f'"{plain}"' if (revision or "0") == str(self.revision(path)) else '"stale"'

    def ctag_out(self, ctag: str) -> str:
        """The collection tag that is shown for the real server's."""
        plain = ctag.strip('"')
        return f"{_TOKEN}-{plain}.{len(self._touched)}"

    def token_out(self, token: str) -> str:
        """The sync token that is shown for the real server's."""
        return _TOKEN + base64.urlsafe_b64encode(f"{self._epoch} {len(self._touched)} {token}".encode()).decode()

    def token_in(self, token: str) -> Since | None:
        """What a token that was shown stands for; None where it is refused."""
        if not token:
            return Since(token="", touches=len(self._touched))
        try:
            epoch, touches, known = base64.urlsafe_b64decode(token.removeprefix(_TOKEN)).decode().split(" ", 2)
        except ValueError:
            return None
        return Since(token=known, touches=int(touches)) if int(epoch) == self._epoch else None

    def touched_since(self, since: Since, *, calendar: str) -> list[str]:
        """The objects of a calendar (``name/``) that were touched."""
        return sorted({path for path in self._touched[since.touches :] if path.startswith(calendar)})
