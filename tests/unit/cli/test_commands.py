"""The tree of commands: what it says of each is so, and nothing is loaded to say it."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module

import pytest

from hxdav.cli.tree import COMMANDS, Command, Group

# Importing requests tries a socket (urllib3-future, which python-caldav brings), which no test of unit/ may do.
import_module("requests")

PRINT_MODULES = """
import contextlib, sys
from hxdav.cli import main
sys.argv = ["hxdav", *{arguments!r}]
with contextlib.suppress(SystemExit):
    main()
print(*sys.modules, sep="\\n", file=sys.stderr)
"""


def leaves(commands: Mapping[str, Command | Group], above: str = "") -> Iterator[tuple[str, Command]]:
    for name, each in commands.items():
        if isinstance(each, Group):
            yield from leaves(each.commands, f"{above}{name} ")
        else:
            yield f"{above}{name}", each


ALL = dict(leaves(COMMANDS))


def loaded_by(*arguments: str, settings: Mapping[str, str] | None = None) -> tuple[str, set[str]]:
    """What ``hxdav`` prints with these arguments, and the modules that it has loaded then."""
    code = PRINT_MODULES.format(arguments=list(arguments))
    env = {**os.environ, **(settings or {})}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    return done.stdout, set(done.stderr.split())


@pytest.mark.parametrize("name", ALL)
def test_the_line_of_a_command_is_the_first_of_its_docstring(name: str) -> None:
    module, _, function = ALL[name].function.partition(":")
    documented = inspect.getdoc(getattr(import_module(f"hxdav.cli.{module}"), function))

    assert documented is not None
    assert documented.splitlines()[0] == ALL[name].line


def test_help_lists_every_command_and_loads_nothing_of_the_application() -> None:
    printed, modules = loaded_by("--help")
    own = {name for name in modules if name.startswith("hxdav.")}

    assert [name for name in COMMANDS if f"\n  {name} " not in printed] == []
    cli = {f"hxdav.cli.{each}" for each in ("app", "console", "lazily", "tree")}
    assert own == {"hxdav.cli", *cli, "hxdav.errors", "hxdav.loading"}
    assert modules & {"rich.console", "pydantic", "sqlalchemy", "structlog", "flask", "httpx", "granian"} == set()
    assert len(modules) < 250


def test_the_help_of_a_group_loads_none_of_its_commands() -> None:
    printed, modules = loaded_by("integrations", "--help")

    assert "sync-now" in printed
    assert "hxdav.cli.steering" not in modules


def test_the_shell_completes_a_command_without_loading_any() -> None:
    words = {"_HXDAV_COMPLETE": "complete_bash", "COMP_WORDS": "hxdav integrations sy", "COMP_CWORD": "2"}
    printed, modules = loaded_by(settings=words)

    assert printed.split() == ["sync-now"]
    assert modules & {"rich.console", "pydantic", "sqlalchemy", "hxdav.cli.steering"} == set()
