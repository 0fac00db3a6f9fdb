"""iCloud's calendars: two hosts with Apple's quirks before a stock Radicale (``docs/providers.md`` §5)."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.simulators.caldav.account import AppleAccount
from tests.simulators.caldav.device import Device
from tests.simulators.caldav.incoming import Incoming
from tests.simulators.caldav.listening import Answer, Asked, Backend, Listener
from tests.simulators.caldav.outgoing import Outgoing
from tests.simulators.caldav.quirks import Fault, FaultKind, Quirks
from tests.simulators.caldav.servers import RadicaleServer, a_radicale_server, basic_credentials
from tests.simulators.caldav.xmltext import dav, error, multistatus, path_of, read, write

_CHALLENGE = 'X-MobileMe-AuthToken realm="MMCalDav", Basic realm="MMCalDav"'
_ALLOWED = "OPTIONS, GET, HEAD, PUT, DELETE, MOVE, PROPFIND, PROPPATCH, MKCALENDAR, REPORT"
_INSIDE = "between the facade and its server"


class ICloud:
    """The service, with as many accounts as are added. ``url`` is what a person's device starts from.

    caldav.icloud.com is ``localhost`` and the partition's host is ``127.0.0.1``: two names, and two ports.
    """

    def __init__(self, server: RadicaleServer, *, port: int = 0) -> None:
        self._server = server
        self._backend = Backend(server.url)
        self._accounts: dict[str, AppleAccount] = {}
        self._entry_host = Listener(self._respond, port=port)
        self._partition_host = Listener(self._respond)
        self._entry = f"http://localhost:{self._entry_host.port}"
        self._partition = f"http://127.0.0.1:{self._partition_host.port}"
        self.url = f"{self._entry}/"
        self.partition_url = f"{self._partition}/"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer on both hosts."""
        with self._entry_host, self._partition_host, contextlib.closing(self):
            yield

    def add_account(self, username: str = "mara@icloud.example", *, quirks: Quirks | None = None) -> AppleAccount:
        """Another Apple account, with a calendar "Home" in it and no app-specific password yet."""
        dsid = str(20_000_000_001 + len(self._accounts))
        real = self._server.add_account(dsid, _INSIDE)
        uids: dict[str, str] = {}
        account = AppleAccount(
            username=username,
            password=secrets.token_hex(),
            dsid=dsid,
            device=Device(self._server.url, auth=(real.username, real.password), uids=uids),
            uids=uids,
            quirks=quirks or Quirks(),
        )
        account.device.make_calendar("home", "Home")
        self._accounts[username] = account
        return account

    def close(self) -> None:
        """Give the connections to the real server back."""
        for account in self._accounts.values():
            account.device.close()
        self._backend.close()

    def _respond(self, asked: Asked) -> Answer | None:
        if asked.path == "/.well-known/caldav":
            return Answer(code=301, headers={"Location": "/"})
        username, password = basic_credentials(asked)
        account = self._accounts.get(username)
        if account is None or not account.admits(password):
            return Answer(code=401, headers={"WWW-Authenticate": _CHALLENGE})
        account.requests[asked.method] += 1
        fault = account.next_fault(asked)
        refused = _befallen_before(fault)
        if refused:
            return refused
        with account.guard:
            answer = self._answer(account, asked)
        return _befallen_after(fault, answer, asked)

    def _answer(self, account: AppleAccount, asked: Asked) -> Answer:
        outgoing = Outgoing(account=account, entry=self._entry, partition=self._partition)
        if asked.method == "OPTIONS":
            return Answer(code=200, headers={"DAV": "1, access-control, calendar-access", "Allow": _ALLOWED})
        if asked.path.startswith(account.home):
            auth = (account.dsid, _INSIDE)
            return Incoming(account=account, asked=asked, outgoing=outgoing, backend=self._backend, auth=auth).answer()
        if asked.path in {"/", account.principal}:
            return _principal(outgoing, asked)
        return Answer(code=403 if path_of(asked.path)[1:2].isdigit() else 404)


@contextmanager
def an_icloud(*, port: int = 0) -> Iterator[ICloud]:
    """The service without accounts, as long as it is needed; ``port`` is that of its first host."""
    with a_radicale_server() as server:
        service = ICloud(server, port=port)
        with service.serving():
            yield service


def _principal(outgoing: Outgoing, asked: Asked) -> Answer:
    if asked.method != "PROPFIND":
        return Answer(code=403)
    if asked.depth == "1" and outgoing.account.quirks.principal_depth_1_refused:
        return Answer(code=400)
    root = read(asked.body)
    properties = root.find(dav("prop")) if root is not None else None
    body = write(multistatus([outgoing.principal(asked.path, properties)]))
    return outgoing.typed(Answer(code=207, headers={"Content-Type": "text/xml"}, body=body))


def _befallen_before(fault: Fault | None) -> Answer | None:
    """What is said instead of doing anything."""
    match fault:
        case Fault(kind=FaultKind.BUSY, seconds=seconds):
            return Answer(code=503, headers={"Retry-After": str(round(seconds))})
        case Fault(kind=FaultKind.BROKEN):
            return Answer(code=500)
        case Fault(kind=FaultKind.STALE_TOKEN):
            return Answer(code=403, headers={"Content-Type": "text/xml"}, body=error(dav("valid-sync-token")))
        case Fault(kind=FaultKind.DELAY, seconds=seconds):
            time.sleep(seconds)
    return None


def _befallen_after(fault: Fault | None, answer: Answer, asked: Asked) -> Answer | None:
    """What is said after it was done."""
    match fault:
        case Fault(kind=FaultKind.LOST):
            return None
        case Fault(kind=FaultKind.TRUNCATED):
            return replace(answer, cut_off=True)
        case Fault(kind=FaultKind.EMPTY | FaultKind.PARTIAL as kind):
            return _shortened(answer, asked, keep=0 if kind is FaultKind.EMPTY else 2)
        case _:
            return answer


def _shortened(answer: Answer, asked: Asked, *, keep: int) -> Answer:
    """A listing with every ``keep``-th of its members, or none."""
    root = read(answer.body)
    if root is None:
        return answer
    members = [
        response
        for response in root.iterfind(dav("response"))
        if path_of(response.findtext(dav("href")) or "") != path_of(asked.path)
    ]
    kept = members[::keep] if keep else []
    for response in members:
        if response not in kept:
            root.remove(response)
    return replace(answer, body=write(root))
