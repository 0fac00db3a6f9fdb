"""What the supervisor starts: ``python -m hxdav.serving LISTENER LINK NUMBER``; the first two are file descriptors."""

from __future__ import annotations

import socket
import sys

from hxdav.config import load_settings
from hxdav.serving.server_process import run


def main() -> None:
    """Serve as one process of several."""
    listener, link, number = map(int, sys.argv[1:4])
    run(load_settings(), listener=socket.socket(fileno=listener), link=socket.socket(fileno=link), number=number)


if __name__ == "__main__":
    main()
