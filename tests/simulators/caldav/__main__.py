"""The simulator of iCloud by itself: ``python -m tests.simulators.caldav --port N`` says in one line of JSON where."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading

from tests.simulators.caldav.icloud import an_icloud


def main() -> None:
    """Serve one account until interrupted or terminated."""
    parser = argparse.ArgumentParser(description="A simulator of iCloud's calendars.")
    parser.add_argument("--port", type=int, default=0, help="of the first of its two hosts; any free one by default")
    port: int = parser.parse_args().port
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with an_icloud(port=port) as service:
        account = service.add_account()
        said = {
            "url": service.url,
            "partition_url": service.partition_url,
            "username": account.username,
            "password": account.new_app_password(),
        }
        sys.stdout.write(f"{json.dumps(said)}\n")
        sys.stdout.flush()
        ended.wait()


if __name__ == "__main__":
    main()
