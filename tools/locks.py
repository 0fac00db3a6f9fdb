"""Checks that each lock file satisfies itself and names no index: `python -m tools.locks`, a part of `make lint`.

An installer asks the package index for whatever a lock leaves open, an extra included, and takes today's release. So
each requirement of a locked package must be met by a pin of the same file, on every Python that pyproject.toml names
and on Linux and macOS. The requirements come from the metadata of the packages in this environment.
"""

from __future__ import annotations

import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from itertools import product
from pathlib import Path
from typing import cast

from packaging.dependency_groups import resolve_dependency_groups
from packaging.markers import Environment, Marker, default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]

# sys_platform, platform_system, platform_machine
SYSTEMS = [
    ("linux", "Linux", "x86_64"),
    ("linux", "Linux", "aarch64"),
    ("darwin", "Darwin", "x86_64"),
    ("darwin", "Darwin", "arm64"),
]


class LockError(Exception):
    """A line that is not one pinned version with its hashes."""


@dataclass(frozen=True)
class Pin:
    """A line of a lock file: one version of a package, with its extras, for the environments that its marker names."""

    name: str
    version: str
    extras: frozenset[str]
    marker: Marker | None

    @classmethod
    def parse(cls, line: str) -> Pin:
        """The pin of a line `name[extras]==version ; marker --hash=…`. Raises LockError for any other line."""
        text, *hashes = line.split(" --hash=")
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise LockError(f"not a requirement: {text}") from error
        operator, version = str(requirement.specifier)[:2], str(requirement.specifier)[2:]
        if operator != "==" or not version.replace(".", "").isalnum() or not hashes:
            raise LockError(f"not one version with its hashes: {text}")
        extras = frozenset(map(canonicalize_name, requirement.extras))
        return cls(canonicalize_name(requirement.name), version, extras, requirement.marker)

    def __str__(self) -> str:
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        return f"{self.name}{extras}=={self.version}"

    def meets(self, requirement: Requirement) -> bool:
        """Whether the installer needs nothing but this pin for the requirement."""
        extras = set(map(canonicalize_name, requirement.extras))
        return requirement.specifier.contains(self.version, prereleases=True) and extras <= self.extras


@dataclass(frozen=True)
class Release:
    """What a released version of a package asks for (Core Metadata: Requires-Dist, Requires-Python)."""

    requirements: Sequence[Requirement] = ()
    python: SpecifierSet = field(default_factory=SpecifierSet)

    def needs(self, extras: Iterable[str], environment: Environment) -> Iterator[Requirement]:
        """The requirements that apply in the environment with these extras."""
        for requirement in self.requirements:
            if any(applies(requirement.marker, environment, extra) for extra in ("", *extras)):
                yield requirement


def installed(pin: Pin) -> Release | None:
    """The pin's release as it is installed beside this program; None if it is not there, or in another version."""
    try:
        distribution = metadata.distribution(pin.name)
    except metadata.PackageNotFoundError:
        return None
    if distribution.version != pin.version:
        return None
    return Release(
        [Requirement(text) for text in distribution.requires or ()],
        SpecifierSet(",".join(distribution.metadata.get_all("Requires-Python", []))),
    )


def applies(marker: Marker | None, environment: Environment, extra: str = "") -> bool:
    """Whether a requirement with this marker counts in the environment."""
    return marker is None or marker.evaluate(cast("dict[str, str]", {**environment, "extra": extra}))


def environments(pythons: Iterable[str]) -> Iterator[Environment]:
    """Each Python ("3.11") on each system."""
    for python, (platform, system, machine) in product(pythons, SYSTEMS):
        yield {
            **default_environment(),
            "python_version": python,
            "python_full_version": f"{python}.0",
            "implementation_version": f"{python}.0",
            "sys_platform": platform,
            "platform_system": system,
            "platform_machine": machine,
        }


def pins_of(text: str) -> list[Pin]:
    """The pins of a lock file. Raises LockError for a line that is none."""
    lines = text.replace("\\\n", " ").splitlines()
    return [Pin.parse(" ".join(line.split())) for line in lines if line.strip()]


def faults(
    pins: Sequence[Pin],
    roots: Iterable[Requirement],
    *,
    pythons: Sequence[str],
    release_of: Callable[[Pin], Release | None] = installed,
) -> Iterator[str]:
    """What the pins leave open of what the roots and the pins themselves need, one sentence each.

    `release_of` gives the release of a pin, None where it is unknown.
    """
    releases = {pin: release_of(pin) for pin in pins}
    roots = list(roots)
    where = defaultdict(list)
    for environment in environments(pythons):
        for fault in faults_in(environment, releases, roots):
            where[fault].append("Python {python_version} on {sys_platform} {platform_machine}".format_map(environment))
    for fault, found in where.items():
        yield f"{fault} ({found[0]}{f', and {len(found) - 1} more' if found[1:] else ''})"


def faults_in(
    environment: Environment, releases: Mapping[Pin, Release | None], roots: Sequence[Requirement]
) -> Iterator[str]:
    """The faults in one environment."""
    active = {pin.name: pin for pin in releases if applies(pin.marker, environment)}
    needs = [("pyproject.toml", root) for root in Release(roots).needs((), environment)]
    for pin in active.values():
        release = releases[pin]
        if release is None:
            yield f"{pin} is not installed here, so its requirements are unknown"
            continue
        if not release.python.contains(environment["python_full_version"]):
            yield f"{pin} needs Python {release.python}"
        needs += [(str(pin), requirement) for requirement in release.needs(pin.extras, environment)]
    for needy, requirement in needs:
        found = active.get(canonicalize_name(requirement.name))
        if found is None or not found.meets(requirement):
            yield f"{needy} needs {requirement}, and the lock has {found or 'none'}"


def faults_of_project() -> Iterator[str]:
    """What is open in the lock files of this project, one sentence each with the file's name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime, groups = project["project"]["dependencies"], project["dependency-groups"]
    roots = {
        "build": project["build-system"]["requires"],
        "runtime": runtime,
        "dev": [*runtime, *resolve_dependency_groups(groups, "dev")],
        "node": resolve_dependency_groups(groups, "node"),
    }
    prefix = "Programming Language :: Python :: "
    pythons = [line.removeprefix(prefix) for line in project["project"]["classifiers"] if line.startswith(prefix)]
    for name, texts in roots.items():
        path = f"requirements/{name}.txt"
        try:
            pins = pins_of((ROOT / path).read_text(encoding="utf-8"))
            yield from (f"{path}: {fault}" for fault in faults(pins, map(Requirement, texts), pythons=pythons))
        except LockError as error:
            yield f"{path}: {error}"
    for path in ("tests/npm/package-lock.json", "web-assets/package-lock.json"):
        if '"resolved"' in (ROOT / path).read_text(encoding="utf-8"):
            yield f"{path}: has addresses of a registry; run npm where .npmrc is, which leaves them out"


def main() -> int:
    """Prints the faults to standard error, and returns the exit status."""
    found = [f"{fault}\n" for fault in faults_of_project()]
    sys.stderr.writelines(found)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
