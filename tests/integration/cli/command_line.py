"""Runs commands of the command line in this process, on an installation in a folder of its own."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hxdav.cli import main
from hxdav.config import CONFIG_VARIABLE

WEB_PASSWORD = "correct horse battery"

ACCOUNTS = """\
[[practice_groups]]
key = "harbour"
name = "Harbour Street Psychology"
zone = "Australia/Sydney"
band = "silver"

[[practice_groups.clinics]]
key = "main"
name = "Harbour Street"
zone = "Australia/Sydney"

[[practice_groups.users]]
username = "robin"
name = "Robin Hale"
administrator = true

[[practice_groups.users]]
username = "maya"
name = "Maya Lin"

[[practice_groups.practitioners]]
key = "maya"
name = "Maya Lin"
user = "maya"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


class CommandLine:
    """An installation's folder, and the means to run commands on it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, *, database_url: str | None = None) -> None:
        self.folder = folder
        self.config = folder / "hxdav.toml"
        self._patch = patch
        url = f"[database]\nurl = {json.dumps(database_url)}\n" if database_url else ""
        self.config.write_text(url, encoding="utf-8")

    def run(self, *arguments: str | Path, typed: str = "") -> Done:
        """Run a command; ``typed`` is its standard input."""
        out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
        with self._patch.context() as patch:
            patch.setenv(CONFIG_VARIABLE, str(self.config))
            patch.setattr(sys, "argv", ["hxdav", *map(str, arguments)])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
            with redirect_stdout(out), redirect_stderr(err):
                code = _exit_code()
        out.flush()
        printed = out.buffer.getvalue() if isinstance(out.buffer, io.BytesIO) else b""
        return Done(code=code, out=printed.decode(), err=err.getvalue())

    def must(self, *arguments: str | Path, typed: str = "") -> Done:
        """Run a command that has to succeed."""
        done = self.run(*arguments, typed=typed)
        assert done.code == 0, done.err or done.out
        return done

    def listed(self, *arguments: str | Path) -> Any:
        """What a command says with ``--json``."""
        return self.must(*arguments, "--json").json

    def as_user(self, username: str, *arguments: str | Path, web_password: str = WEB_PASSWORD) -> Done:
        """Run a command that a user proves to be theirs by the web password."""
        return self.run(*arguments, "--as", username, "--password-stdin", typed=f"{web_password}\n")

    def file(self, name: str, text: str) -> Path:
        """A file in the folder."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def apply(self, text: str = ACCOUNTS, *options: str) -> Done:
        """Apply an accounts file."""
        return self.run("accounts", "apply", self.file("accounts.toml", text), *options)

    def set_password(self, username: str) -> None:
        """Invite a user, who takes the invitation up."""
        secret = self.listed("accounts", "invite", username)["secret"]
        command = ("accounts", "set-password", username, "--invitation", secret, "--password-stdin")
        self.must(*command, typed=f"{WEB_PASSWORD}\n")


def soon() -> str:
    """A time to type that is inside of the window whenever the test runs."""
    return (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%d 09:00")


def _exit_code() -> int:
    mask = os.umask(0o022)
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    finally:
        os.umask(mask)
    return 0
