"""What the supervisor starts: ``python -m hxdav.serving LISTENER LINK NUMBER``; the first two are file descriptors."""

from __future__ import annotations

import socket
import sys

from hxdav.loading import without_collecting

with without_collecting():
    from hxdav.config import load_settings
    from hxdav.errors import HxdavError
    from hxdav.serving.link import REFUSED
    from hxdav.serving.server_process import run


def main() -> None:
    """Serve as one process of several."""
    listener, link, number = map(int, sys.argv[1:4])
    to_supervisor = socket.socket(fileno=link)
    try:
        run(load_settings(), listener=socket.socket(fileno=listener), link=to_supervisor, number=number)
    except HxdavError as error:
        to_supervisor.sendall(REFUSED + str(error).encode())
        sys.exit(1)


if __name__ == "__main__":
    main()
