"""A real Radicale whose answers are changed on their way: a server that can do less, or says it otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from hxdav.net.reach import Reach
from hxdav.remote import CalendarId
from tests.simulators.caldav.listening import Answer, Asked, Backend
from tests.simulators.caldav.servers import CaldavAccount

Change = Callable[[Asked, Answer], Answer | None]
LOOPBACK = Reach(allowed=("127.0.0.1",), hosts=("127.0.0.1",))
"""Where the servers of these tests are."""


@dataclass
class Rephrased:
    """A Radicale whose answers go through ``change``; ``asked`` is what it was asked."""

    account: CaldavAccount
    backend: Backend
    change: Change = field(default=lambda asked, answer: answer)
    asked: list[Asked] = field(default_factory=list)

    def respond(self, asked: Asked) -> Answer | None:
        """The answer, changed."""
        self.asked.append(asked)
        return self.change(asked, self.straight(asked))

    def straight(self, asked: Asked) -> Answer:
        """What Radicale itself says."""
        return self.backend.ask(asked, auth=(self.account.username, self.account.password))

    def put(self, path: str, text: str) -> None:
        """An object that the person has put."""
        headers = {"content-type": "text/calendar"}
        assert self.straight(Asked(method="PUT", path=path, headers=headers, body=text.encode())).code == 201


def path_of(calendar_id: CalendarId, name: str) -> str:
    """Where an object of a calendar is, or the calendar."""
    return f"/{calendar_id.split('/', 3)[3]}{name}"


def is_sync(asked: Asked) -> bool:
    """Whether this asks what has changed."""
    return b"sync-collection" in asked.body


def without(*elements: str) -> Change:
    """Answers in which these elements are not found."""

    def change(asked: Asked, answer: Answer) -> Answer:
        body = answer.body
        for element in elements:
            body = re.sub(rf"<(?:\w+:)?{element}>.*?</(?:\w+:)?{element}>".encode(), b"", body, flags=re.DOTALL)
        return Answer(code=answer.code, headers=answer.headers, body=body)

    return change


def refusing(condition: Callable[[Asked], bool], code: int, body: bytes = b"") -> Change:
    """Answers some requests otherwise; they are carried out all the same."""
    return lambda asked, answer: Answer(code=code, body=body) if condition(asked) else answer


def about(path: str, code: int) -> bytes:
    """A multistatus with no more than the status of one resource."""
    return (
        f'<D:multistatus xmlns:D="DAV:"><D:response><D:href>{path}</D:href>'
        f"<D:status>HTTP/1.1 {code} As it is</D:status></D:response></D:multistatus>"
    ).encode()
