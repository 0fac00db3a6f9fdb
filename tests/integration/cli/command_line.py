"""Runs commands of the command line in this process, on an installation in a folder of its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.commands import Done, run_command
from tests.ports import free_port

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


class CommandLine:
    """An installation's folder, and the means to run commands on it."""

    def __init__(self, folder: Path, *, database_url: str | None = None) -> None:
        self.folder = folder
        self.config = folder / "hxdav.toml"
        url = f"[database]\nurl = {json.dumps(database_url)}\n" if database_url else ""
        self.config.write_text(url, encoding="utf-8")

    def run(self, *arguments: str | Path, typed: str | BytesIO = "") -> Done:
        """Run a command; ``typed`` is its standard input."""
        return run_command(*arguments, config=self.config, typed=typed)

    def serve(self) -> Done:
        """Run ``serve`` where it has to be refused; its port is free."""
        return run_command("serve", config=self.config, environment={"HXDAV_SERVER__PORT": str(free_port())})

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
