"""``python -m hxdav`` is the same as ``hxdav``."""

from hxdav.cli import main

if __name__ == "__main__":
    main()
