"""Commands that are loaded when they run, so that listing and completing them costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from hxdav.cli.tree import Command, Group
from hxdav.loading import without_collecting


class LazyCommand(TyperCommand):
    """A command of which only the name and the line of help are known until it runs, or its own help is wanted."""

    def __init__(self, name: str, command: Command) -> None:
        super().__init__(name, help=command.line, rich_markup_mode=None)
        self._command = command

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """The context of the command itself, which is loaded here; this one stays out of it."""
        return self.load().make_context(*args, **extra)

    def get_short_help_str(self, limit: int = 0) -> str:  # noqa: ARG002 - Typer's signature
        """The whole line: the list of commands folds it, and cuts nothing off."""
        return self._command.line

    def load(self) -> Any:
        """The command itself, made of its function's signature and docstring."""
        module_name, _, function = self._command.function.partition(":")
        with without_collecting():
            module = import_module(f"hxdav.cli.{module_name}")
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        app.command(self.name)(getattr(module, function))
        return typer.main.get_command(app)


class LazyOption(TyperOption):
    """An option that is left alone where it is not given: Typer loads pydantic to convert even nothing."""

    def process_value(self, ctx: Any, value: Any) -> Any:
        """The converted value, or None."""
        return None if value is None else super().process_value(ctx, value)


class OptionsGroup(TyperGroup):
    """A group with such options."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The group's options and --help, which Typer makes of its own class only."""
        options = super().get_params(ctx)
        for each in options:
            each.__class__ = LazyOption
        return options


class LazyGroup(OptionsGroup):
    """A group of commands that are loaded when they run."""

    def __init__(self, name: str, group: Group) -> None:
        commands = lazy_commands(group.commands)
        super().__init__(name=name, help=group.line, commands=commands, no_args_is_help=True, rich_markup_mode=None)
        self._line = group.line

    def get_short_help_str(self, limit: int = 0) -> str:  # noqa: ARG002 - Typer's signature
        """The whole line."""
        return self._line


def lazy_commands(commands: Mapping[str, Command | Group]) -> dict[str, Any]:
    """What a group of Typer's holds, by name."""
    return {
        name: LazyCommand(name, each) if isinstance(each, Command) else LazyGroup(name, each)
        for name, each in commands.items()
    }
