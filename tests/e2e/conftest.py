"""The demo server: one for a module where its tests leave each other alone, or one of a test's own."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from datetime import timedelta

import pytest

from tests.e2e.bridged import BridgedDemo, a_bridged_demo
from tests.e2e.events import until_midnight
from tests.e2e.serving import DemoServer

LONGEST_MODULE = timedelta(minutes=2)


@pytest.fixture(scope="module", autouse=True)
def _on_one_day() -> None:
    """At midnight the days that tests name are others to the server: what is about to run over it begins behind it."""
    left = until_midnight()
    if left < LONGEST_MODULE:
        time.sleep(left.total_seconds() + 1)


@pytest.fixture(scope="module")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """The demo as ``make demo`` serves it, shared by the tests of a module."""
    yield from _served(DemoServer(tmp_path_factory.mktemp("demo")))


@pytest.fixture(scope="module")
def tls_demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """The demo as ``make demo TLS=1`` serves it, shared by the tests of a module."""
    yield from _served(DemoServer(tmp_path_factory.mktemp("tls-demo"), "--tls"))


@pytest.fixture(scope="module")
def unlimited_demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """The demo with its window open both ways, shared by the tests of a module."""
    yield from _served(DemoServer(tmp_path_factory.mktemp("unlimited-demo"), "--unlimited"))


@pytest.fixture
def fresh_demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """The demo, for one test."""
    yield from _served(DemoServer(tmp_path_factory.mktemp("fresh-demo")))


@pytest.fixture
def fresh_unlimited_demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """The demo with its window open both ways, for one test, which may kill it."""
    yield from _served(DemoServer(tmp_path_factory.mktemp("fresh-unlimited-demo"), "--unlimited"))


@pytest.fixture(scope="module")
def bridged_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgedDemo]:
    """The demo with Google and iCloud beside it, shared by the tests of a module."""
    with a_bridged_demo(tmp_path_factory.mktemp("bridged-demo")) as demo:
        yield demo


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what a server logged beside a failure of a test that it served."""
    report = yield
    if report.failed:
        for name, value in item.funcargs.items():
            server = value.server if isinstance(value, BridgedDemo) else value
            if isinstance(server, DemoServer):
                logged = server.running.log.read_text(errors="replace")[-5000:]
                report.sections.append((f"log of {name}", logged))
    return report


def _served(server: DemoServer) -> Iterator[DemoServer]:
    try:
        server.start()
        yield server
    finally:
        server.kill()
