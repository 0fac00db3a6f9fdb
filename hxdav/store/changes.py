"""Whether anything was committed to the store since somebody last asked."""

from __future__ import annotations

import sqlite3
from contextlib import suppress


class Changes:
    """Tells of commits by whichever process; for one thread, which may ask several times a second.

    On SQLite it compares the file's data version, which takes microseconds
    (https://www.sqlite.org/pragma.html#pragma_data_version). Without a ``file`` (PostgreSQL, or a database in memory)
    nothing is cheaper than to look: the answer is always yes.
    """

    def __init__(self, file: str | None) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._seen: int | None = None

    def are_there(self) -> bool:
        """Whether something was committed since the last call; yes where that cannot be known."""
        present = self._version()
        is_new = present is None or present != self._seen
        self._seen = present
        return is_new

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _version(self) -> int | None:
        if self._file is None:
            return None
        with suppress(sqlite3.Error):
            if self._connection is None:
                self._connection = sqlite3.connect(self._file)
            version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
            return version
        return None
