"""The simulator alone: ``python -m tests.simulators.graph --port 0 --user anna@example.com`` says where it listens."""

from __future__ import annotations

import argparse
import json
import signal
from threading import Event

from tests.simulators.graph.server import graph_server


def main() -> None:
    """Serve until the process is told to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", action="append", default=[], help="an account")
    parser.add_argument("--personal", action="store_true", help="the accounts are of Outlook.com")
    parser.add_argument("--quota", type=int, default=10_000, help="requests per ten minutes and mailbox")
    options = parser.parse_args()
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with graph_server(port=options.port) as graph:
        for email in options.user:
            graph.user(email, personal=options.personal)
        graph.requests.per_ten_minutes = options.quota
        print(json.dumps({"url": graph.url}), flush=True)  # noqa: T201
        ended.wait()


if __name__ == "__main__":
    main()
