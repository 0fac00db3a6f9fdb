"""Ports of the loopback interface for what a test starts."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

THE_DEMOS = 5232
"""The port of ``make demo``."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def demo_port_taken() -> Iterator[None]:
    """The port of ``make demo`` is taken, as it is beside a running demo: no test needs it."""
    with ExitStack() as stack:
        # Where it cannot be had, a demo or another process of these tests has it.
        with suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", THE_DEMOS)))
        yield
