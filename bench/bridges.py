"""``make bench-bridges``: how quickly bridges carry, and what they cost when nothing happens.

hxdav serves in a process of its own, and each provider is simulated in another, which enforces its limits, and counts.
SERVICES="google outlook exchange" says which; BENCH_BRIDGES_QUICK=1 takes fewer appointments and edits, and less time.
"""

from __future__ import annotations

import json
import os
import platform
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from bench import servers
from bench.bridged import Person, Practice, fill, practice, put, wait_until
from bench.calendar_program import CalendarProgram
from bench.providers import PROVIDERS, Entry, ProviderMaker

QUICK = os.environ.get("BENCH_BRIDGES_QUICK") == "1"
APPOINTMENTS = 200 if QUICK else 2000
DAYS = 200
EDITS = 100 if QUICK else 1000
ACCOUNTS = 4
IDLE = 20
"""Integrations of which nobody takes any notice."""

IDLE_SECONDS = 30 if QUICK else 300
DICE_SEED = 20261123
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was measured, and what it shall be at most."""

    title: str
    value: float
    unit: str
    at_most: float | None = None

    @property
    def verdict(self) -> str:
        """Whether the mark is met, where there is one."""
        if self.at_most is None:
            return ""
        return "yes" if self.value <= self.at_most else "[bold]no[/bold]"


def first_sync(scratch: Path, provider: ProviderMaker) -> list[Figure]:
    """The time from a person's consent until everything is in a new calendar, and until the next days are."""
    with practice(scratch / "first", provider, practitioners=1) as place:
        (me,) = place.people
        fill(place, me, [f"Session {number:05}" for number in range(APPOINTMENTS)], days=DAYS)
        began = datetime.now(UTC)
        place.connect(me)
        wait_until(lambda: _is_all_there(place, me), what="the first sync", seconds=600)
        entries = place.provider.entries(me.email)
        counted = _counted(place, [me.email])

    made = sorted((one.made_at, one.starts) for one in entries)
    near = [created for created, starts in made if starts < began + timedelta(days=14)]
    steps_back = [max(earlier - later, timedelta()) for (_, earlier), (_, later) in pairwise(made)]
    return [
        _seconds(f"first sync of {APPOINTMENTS:,}: all visible", made[-1][0] - began, at_most=220),
        _seconds(f"  the next 14 days ({len(near)}) visible", max(near) - began, at_most=15),
        Figure(title="  one came before a nearer one by", value=max(steps_back) / DAY, unit="days", at_most=0),
        *counted,
    ]


def edits_out(place: Practice, people: Sequence[Person]) -> list[Figure]:
    """The time from the answer to a calendar program's PUT until the edit has been carried out at the provider."""
    dice = random.Random(DICE_SEED)
    answered: dict[str, datetime] = {}

    def edit(person: Person, name: str, starts: datetime) -> None:
        title = f"Out {name}"
        with place.http(person) as http:
            put(http, person, name, title=title, starts=starts)
        answered[title] = datetime.now(UTC)

    known = _targets(place, people)
    before = _requests(place, [each.email for each in people])
    with _watching(place, people):
        _at_random_moments(dice, place.provider.edits_a_second, [partial(edit, *target) for target in known])
        wait_until(lambda: place.waiting() == 0, what="the edits at the provider", seconds=60)
    arrived = {one.title: one.changed_at for each in people for one in place.provider.entries(each.email)}
    took = [arrived[title] - since for title, since in answered.items()]
    requests = _requests(place, [each.email for each in people]) - before
    return [
        *_delays(f"{len(took):,} edits, PUT answered → there", took, at_most=2),
        Figure(
            title="  requests for each",
            value=requests / len(took),
            unit="",
            at_most=place.provider.requests_an_edit,
        ),
    ]


def edits_in(place: Practice, people: Sequence[Person]) -> list[Figure]:
    """The time from a person's edit at the provider, which calls hxdav, until a calendar program can see it."""
    dice = random.Random(DICE_SEED + 1)
    made: dict[str, float] = {}
    known = [(each.email, one) for each in people for one in place.provider.entries(each.email)][:EDITS]
    dice.shuffle(known)

    def edit(email: str, entry: Entry) -> None:
        title = f"In {entry.title}"
        made[title] = time.time()
        place.provider.retitle(email, entry, title)

    with _watching(place, people) as programs:
        _at_random_moments(dice, place.provider.edits_a_second, [partial(edit, *target) for target in known])
        wait_until(lambda: all(_seen(programs, title) for title in made), what="the edits in CalDAV", seconds=60)
        took = [timedelta(seconds=_seen(programs, title) - since) for title, since in made.items()]
    return _delays(f"{len(took):,} edits, made there → seen by CalDAV", took, at_most=place.provider.told_within)


def edits(scratch: Path, provider: ProviderMaker) -> list[Figure]:
    """Both directions, over several accounts, while each practitioner's calendar program looks ten times a second."""
    with practice(scratch / "edits", provider, practitioners=ACCOUNTS) as place:
        for person in place.people:
            fill(place, person, _names(person), days=DAYS)
            place.connect(person)
        wait_until(lambda: place.waiting() == 0, what="the first sync", seconds=120)
        # What the first sync has used of the quota comes back within a minute.
        time.sleep(0 if QUICK else 60)
        figures = edits_out(place, place.people)
        time.sleep(0 if QUICK else 30)
        figures += edits_in(place, place.people)
        return figures + _counted(place, [each.email for each in place.people])


def idle(scratch: Path, provider: ProviderMaker) -> list[Figure]:
    """What integrations cost in which nothing happens, beyond what the server costs without them."""
    with practice(scratch / "idle", provider, practitioners=1) as place:
        (me,) = place.people
        time.sleep(5)
        alone = _cpu_share(place, IDLE_SECONDS / 2)
        emails = [f"idle{number}@{place.provider.service}.example" for number in range(IDLE)]
        fill(place, me, [f"Session {number}" for number in range(10)], days=DAYS)
        for email in emails:
            place.connect(me, email)
        wait_until(lambda: place.waiting() == 0, what="the first sync", seconds=120)
        # Until it has looked once more, it does not know that what it finds there is what it has written there.
        place.spread_polls(timedelta())
        _wait_for_quiet(place, emails)
        place.spread_polls(place.provider.polled_every)
        before = _requests(place, emails)
        share = _cpu_share(place, IDLE_SECONDS)
        requests = _requests(place, emails) - before
    hours = IDLE_SECONDS / 3600
    return [
        Figure(title=f"idle ({IDLE}): requests", value=requests / hours / IDLE, unit="/h each"),
        Figure(title="  processor, of the server with them", value=share * 3600, unit="s/h"),
        Figure(title="  of the server without them", value=alone * 3600, unit="s/h"),
        Figure(title="  the difference", value=(share - alone) * 3600 / IDLE, unit="s/h each"),
    ]


def _is_all_there(place: Practice, person: Person) -> bool:
    # Each look has the simulator tell everything, so there are few of them.
    time.sleep(1)
    return len(place.provider.entries(person.email)) >= APPOINTMENTS


def _names(person: Person) -> list[str]:
    return [f"{person.login.user.username}-{number}" for number in range(EDITS // ACCOUNTS)]


def _targets(place: Practice, people: Sequence[Person]) -> list[tuple[Person, str, datetime]]:
    """Whose appointment, its name and when it takes place, in an order that goes from account to account."""
    found = []
    for person in people:
        starts = {one.title: one.starts for one in place.provider.entries(person.email)}
        found += [(person, name, starts[name].astimezone(UTC)) for name in _names(person)]
    random.Random(DICE_SEED).shuffle(found)
    return found


def _at_random_moments(dice: random.Random, a_second: float, acts: Sequence[Callable[[], None]]) -> None:
    """Do each, as many independent people do: so many a second on average, and none waits for another."""
    with ThreadPoolExecutor(16) as pool:
        moment = time.monotonic()
        done = []
        for act in acts:
            moment += dice.expovariate(a_second)
            time.sleep(max(0.0, moment - time.monotonic()))
            done.append(pool.submit(act))
        for each in done:
            each.result()


@contextmanager
def _watching(place: Practice, people: Sequence[Person]) -> Iterator[list[CalendarProgram]]:
    """A calendar program for each practitioner, which looks ten times a second."""
    ended = threading.Event()
    programs = [CalendarProgram(person.calendar_path) for person in people]
    with ThreadPoolExecutor(len(people)) as pool:
        running = []
        for program, person in zip(programs, people, strict=True):
            running.append(pool.submit(_look_until, ended, program, connect=partial(place.http, person)))
        wait_until(lambda: all(program.has_looked for program in programs), what="a first look", seconds=60)
        try:
            yield programs
        finally:
            ended.set()
            for each in running:
                each.result()


def _look_until(ended: threading.Event, program: CalendarProgram, *, connect: Callable[[], httpx.Client]) -> None:
    with connect() as http:
        while not ended.wait(0.1):
            program.look(http)


def _seen(programs: Sequence[CalendarProgram], title: str) -> float:
    """When a title was first seen; 0 where it has not been."""
    return next((program.seen[title] for program in programs if title in program.seen), 0.0)


def _delays(title: str, took: Sequence[timedelta], *, at_most: float) -> list[Figure]:
    ordered = sorted(each.total_seconds() for each in took)
    shares = {"p50": 0.5, "p95": 0.95}
    found = {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in shares.items()}
    return [
        Figure(title=f"{title}: p50", value=found["p50"], unit="s"),
        Figure(title="  p95", value=found["p95"], unit="s", at_most=at_most),
        Figure(title="  longest", value=ordered[-1], unit="s"),
    ]


def _counted(place: Practice, emails: Sequence[str]) -> list[Figure]:
    """What the provider counted, and a check that it had nothing to complain of."""
    report, limit = place.provider.report(), place.provider.limit
    if report["violations"] or report["mailed"]:
        message = f"the provider's schema was violated: {report['violations'][:3]} {report['mailed'][:3]}"
        raise AssertionError(message)
    users = [report["users"][email] for email in emails]
    return [
        Figure(title="  requests", value=sum(each["requests"] for each in users), unit=""),
        Figure(
            title=f"  {limit.words}",
            value=max(each[limit.figure] for each in users),
            unit="",
            at_most=limit.at_most,
        ),
        Figure(title="  refused for a limit", value=sum(each.get("refused", 0) for each in users), unit="", at_most=0),
    ]


def _requests(place: Practice, emails: Sequence[str]) -> int:
    users = place.provider.report()["users"]
    return sum(int(users[email]["requests"]) for email in emails)


def _wait_for_quiet(place: Practice, emails: Sequence[str]) -> None:
    """Providers call after hxdav's own writes as well; wait until that is over."""
    before, now = -1, _requests(place, emails)
    while now != before:
        time.sleep(5)
        before, now = now, _requests(place, emails)


def _cpu_share(place: Practice, seconds: float) -> float:
    """How much of one processor the server uses over so many seconds."""
    before, began = place.cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    return (place.cpu_seconds() - before) / (time.monotonic() - began)


def _seconds(title: str, took: timedelta, *, at_most: float) -> Figure:
    return Figure(title=title, value=took.total_seconds(), unit="s", at_most=at_most)


def measure(name: str) -> list[Figure]:
    """All figures of one service, printed as they come."""
    figures: list[Figure] = []
    for part in (first_sync, edits, idle):
        with servers.scratch() as scratch:
            measured = part(scratch, PROVIDERS[name])
        for figure in measured:
            print(f"{name}: {figure.title.strip()}: {figure.value:,.2f} {figure.unit}", flush=True)
        figures += measured
    return figures


def _table(name: str, figures: Sequence[Figure]) -> Table:
    table = Table(title=f"The bridge to {name}")
    for heading in ("", "measured", "", "at most", "met"):
        table.add_column(heading, justify="right" if heading in {"measured", "at most"} else "left")
    for figure in figures:
        at_most = "" if figure.at_most is None else f"{figure.at_most:g}"
        table.add_row(figure.title, f"{figure.value:,.2f}", figure.unit, at_most, figure.verdict)
    return table


def main() -> None:
    """Measure, print the tables, and keep the figures."""
    began = datetime.now(UTC)
    names = os.environ.get("SERVICES", "").split() or list(PROVIDERS)
    unknown = sorted(set(names) - PROVIDERS.keys())
    if unknown:
        sys.exit(f"SERVICES: {', '.join(unknown)} is none of {', '.join(PROVIDERS)}.")
    measured = {name: measure(name) for name in names}
    results = Path(__file__).parent / "results" / f"bridges-{began:%Y%m%dT%H%M%S}.json"
    results.parent.mkdir(exist_ok=True)
    told = {
        "began": began.isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "quick": QUICK,
        "figures": {name: [asdict(figure) for figure in figures] for name, figures in measured.items()},
    }
    results.write_text(json.dumps(told, indent=1) + "\n")
    for name, figures in measured.items():
        Console(width=max(120, Console().width)).print(_table(name, figures))
    print(f"figures: {results.relative_to(Path.cwd())}" if results.is_relative_to(Path.cwd()) else results)


if __name__ == "__main__":
    main()
