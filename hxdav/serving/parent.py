"""The supervisor in a process that has loaded nothing else: ``python -m hxdav.serving.parent LISTENER``."""

from __future__ import annotations

import os
import socket
import sys
from typing import NoReturn

from hxdav import log
from hxdav.config import load_settings
from hxdav.errors import HxdavError
from hxdav.serving.supervisor import Supervisor


def become_supervisor(listener: socket.socket) -> NoReturn:
    """Go on as the supervisor under the same process id, without what this process has loaded."""
    listener.set_inheritable(True)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "hxdav.serving.parent", str(listener.fileno())])  # noqa: S606


def main() -> None:
    """Supervise until told to end."""
    settings = load_settings()
    log.configure(level=settings.log.level, as_json=settings.log.format == "json")
    listener = socket.socket(fileno=int(sys.argv[1]))
    try:
        Supervisor(listener, count=settings.server.processes).run()
    except HxdavError as error:
        sys.exit(f"hxdav: {error}")


if __name__ == "__main__":
    main()
