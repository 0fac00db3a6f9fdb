"""The simulator alone: ``python -m tests.simulators.ews --port 0 --user anna@example.com`` says where it listens."""

from __future__ import annotations

import argparse
import json
import signal
from threading import Event

from tests.simulators.ews.server import exchange_server


def main() -> None:
    """Serve until the process is told to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", action="append", default=[], help="an account")
    parser.add_argument("--zone", default="UTC", help="the time zone of the accounts, an IANA or a Windows name")
    options = parser.parse_args()
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with exchange_server(port=options.port) as exchange:
        people = [exchange.user(email, zone=options.zone) for email in options.user]
        accounts = {person.email: person.password for person in people}
        print(json.dumps({"url": exchange.url, "ews": exchange.address, "accounts": accounts}), flush=True)  # noqa: T201
        ended.wait()


if __name__ == "__main__":
    main()
