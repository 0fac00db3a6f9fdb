"""The simulator alone: ``python -m tests.simulators.google --port 0 --user anna@example.com`` says where it listens."""

from __future__ import annotations

import argparse
import json
import signal
from threading import Event

from tests.simulators.google.server import google_server


def main() -> None:
    """Serve until the process is told to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", action="append", default=[], help="an account; the first one is signed in")
    parser.add_argument("--zone", default="UTC", help="the time zone of the accounts")
    parser.add_argument("--quota", type=int, default=None, help="requests per minute and user")
    options = parser.parse_args()
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with google_server(port=options.port) as google:
        for email in options.user:
            google.user(email, zone=options.zone)
        google.authority.consent.user = options.user[0] if options.user else None
        google.requests.per_minute = options.quota
        identity = {"client_id": google.application.client_id, "client_secret": google.application.client_secret}
        print(json.dumps({"url": google.url, **identity}), flush=True)  # noqa: T201
        ended.wait()


if __name__ == "__main__":
    main()
