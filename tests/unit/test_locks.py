"""What `make lint` says of a lock file that leaves something to the package index."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tools.locks import LockError, Pin, Release, faults, pins_of

HASH = "--hash=sha256:" + 64 * "0"
# A runner asks for its plugin, which asks for the meter with an extra, which asks for the parser.
RELEASES = {
    "runner": Release([Requirement("plugin>=7")]),
    "plugin": Release([Requirement("meter[toml]>=7.10.6")]),
    "meter": Release([Requirement('parser; extra == "toml"'), Requirement('colours; sys_platform == "win32"')]),
    "parser": Release(python=SpecifierSet(">=3.8")),
}
COMPLETE = {"runner": "9.0", "plugin": "7.1", "meter[toml]": "7.17.3", "parser": "2.4"}


def lock(pins: dict[str, str]) -> str:
    return "".join(f"{name}=={version} \\\n    {HASH}\n" for name, version in pins.items())


def faults_of(text: str, **releases: Release) -> list[str]:
    known = RELEASES | releases
    roots = [Requirement("runner>=9")]
    return list(faults(pins_of(text), roots, pythons=["3.11", "3.14"], release_of=lambda pin: known.get(pin.name)))


def without(name: str) -> dict[str, str]:
    return {other: version for other, version in COMPLETE.items() if other != name}


def test_a_lock_that_satisfies_itself_has_no_fault() -> None:
    assert faults_of(lock(COMPLETE)) == []


@pytest.mark.parametrize(
    ("pins", "fault"),
    [
        # What stopped the set-up on the day of coverage's next release: the extra was stripped from the pin.
        (
            {**without("meter[toml]"), "meter": "7.17.3"},
            "plugin==7.1 needs meter[toml]>=7.10.6, and the lock has meter==7.17.3",
        ),
        (
            {**COMPLETE, "meter[toml]": "7.10.5"},
            "plugin==7.1 needs meter[toml]>=7.10.6, and the lock has meter[toml]==7.10.5",
        ),
        (without("parser"), 'meter[toml]==7.17.3 needs parser; extra == "toml", and the lock has none'),
        (without("runner"), "pyproject.toml needs runner>=9, and the lock has none"),
        ({**COMPLETE, "other": "1"}, "other==1 is not installed here, so its requirements are unknown"),
    ],
)
def test_what_the_lock_leaves_open_is_a_fault_on_every_system(pins: dict[str, str], fault: str) -> None:
    assert faults_of(lock(pins)) == [f"{fault} (Python 3.11 on linux x86_64, and 7 more)"]


def test_a_pin_counts_only_where_its_marker_holds() -> None:
    text = lock(without("parser")) + f'parser==2.4 ; sys_platform == "linux" {HASH}\n'
    assert faults_of(text) == [
        (
            'meter[toml]==7.17.3 needs parser; extra == "toml", and the lock has none'
            " (Python 3.11 on darwin x86_64, and 3 more)"
        )
    ]


def test_a_requirement_counts_only_where_its_marker_holds() -> None:
    newer = Release([Requirement('backport; python_version < "3.12"')])
    assert faults_of(lock(COMPLETE), parser=newer) == [
        (
            'parser==2.4 needs backport; python_version < "3.12", and the lock has none'
            " (Python 3.11 on linux x86_64, and 3 more)"
        )
    ]


def test_a_release_must_run_on_every_python() -> None:
    assert faults_of(lock(COMPLETE), parser=Release(python=SpecifierSet("<3.14"))) == [
        "parser==2.4 needs Python <3.14 (Python 3.14 on linux x86_64, and 3 more)"
    ]


@pytest.mark.parametrize("line", ["meter==7.17.3", f"meter>=7 {HASH}", f"meter==7.* {HASH}", f"--index-url=x {HASH}"])
def test_a_line_must_be_one_version_with_its_hashes(line: str) -> None:
    with pytest.raises(LockError):
        pins_of(line)


def test_names_are_compared_as_the_index_compares_them() -> None:
    pin = Pin.parse(f"PyJWT[Crypto_Extra]==2.15.1 {HASH}")
    assert pin.meets(Requirement("pyjwt[crypto-extra]<3"))
