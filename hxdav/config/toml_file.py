"""A TOML file that an administrator writes, and where in it a problem is."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hxdav.errors import ConfigurationError

PREFIX = "HXDAV_"
"""With what the environment's variables begin that stand for keys of the settings."""

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"))*)\s*=""")


class TomlFile:
    """A TOML file that an administrator writes: its values, and where in it they stand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
            self.values: dict[str, Any] = tomllib.loads(text)
        except FileNotFoundError:
            raise ConfigurationError(f"There is no file {path}.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{path} cannot be read: {error}.") from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"{path} is not valid TOML: {error}.") from error
        self._lines = dict(_lines(text))

    def place(self, keys: Sequence[str | int]) -> str:
        """The file, and the line at which ``keys`` stand, or else what they stand in."""
        known = self.known(keys)
        return f"{self.path}, line {self._lines[known]}" if known else str(self.path)

    def known(self, keys: Sequence[str | int]) -> tuple[str | int, ...]:
        """The longest beginning of ``keys`` that has a line."""
        found = tuple(keys)
        while found and found not in self._lines:
            found = found[:-1]
        return found

    def problems(self, error: ValidationError) -> Iterator[str]:
        """What pydantic found wrong with the file or the environment, each once, as whole sentences without values."""
        for each in error.errors(include_url=False, include_context=False, include_input=False):
            keys = [key for key in each["loc"] if key != "[key]"]
            variable = PREFIX + "__".join(str(key) for key in keys).upper()
            place = f"{variable} in the environment" if variable in os.environ else self.place(keys)
            name = ".".join(str(key) for key in keys if isinstance(key, str))
            yield f"{place}: {_complaint(name, each['type'], each['msg'])}"


def _complaint(name: str, kind: str, message: str) -> str:
    match kind:
        case "extra_forbidden":
            return f'"{name}" is not a key that hxdav knows.'
        case "missing":
            return f'"{name}" is missing.'
        case _:
            return f'"{name}" is not usable: {message.removeprefix("Value error, ")}.'


def _lines(text: str) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """Each table and key of a TOML text with the line at which it stands; tables of an array by their number."""
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str | int, ...], int] = {}
    quotes = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if quotes:
            # Inside a string of several lines nothing is a key.
            quotes = "" if quotes in line else quotes
            continue
        quotes = next((each for each in ('"""', "'''") if line.count(each) % 2), "")
        if header := _HEADER.match(line):
            table = _table(_names(header[2]), counts, is_array=header[1] == "[[")
            yield table, number
        elif key := _KEY.match(line):
            names = _names(key[1])
            for length in range(1, len(names) + 1):
                yield (*table, *names[:length]), number


def _table(names: Sequence[str], counts: dict[tuple[str | int, ...], int], *, is_array: bool) -> tuple[str | int, ...]:
    """The place of a table by its header; ``counts`` has the number of the last table of each array."""
    found: tuple[str | int, ...] = ()
    for depth, name in enumerate(names, start=1):
        found = (*found, name)
        if is_array and depth == len(names):
            counts[found] = counts.get(found, -1) + 1
        if found in counts:
            found = (*found, counts[found])
    return found


def _names(dotted: str) -> list[str]:
    return [name.strip().strip("\"'") for name in dotted.split(".")]
