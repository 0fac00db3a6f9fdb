"""Runs commands of the command line in this process: starting another one takes seconds, and shows no more."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hxdav.cli import main
from hxdav.config import CONFIG_VARIABLE


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


def run_command(
    *arguments: str | Path, config: Path, typed: str | io.BytesIO = "", environment: Mapping[str, str] | None = None
) -> Done:
    """Run a command on the installation of a settings file; ``typed`` is its standard input."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**(environment or {}), CONFIG_VARIABLE: str(config)}.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["hxdav", *map(str, arguments)])
        stdin = io.BytesIO(typed.encode()) if isinstance(typed, str) else typed
        patch.setattr(sys, "stdin", io.TextIOWrapper(stdin))
        with redirect_stdout(out), redirect_stderr(err):
            code = _exit_code()
    out.flush()
    printed = out.buffer.getvalue() if isinstance(out.buffer, io.BytesIO) else b""
    return Done(code=code, out=printed.decode(), err=err.getvalue())


def _exit_code() -> int:
    mask = os.umask(0o022)
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    finally:
        os.umask(mask)
    return 0
