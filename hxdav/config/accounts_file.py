"""Reads ``accounts.toml``: refuses what it does not know, and tells each thing's place in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, ValidationError

from hxdav.config.parts import Part
from hxdav.config.toml_file import TomlFile
from hxdav.domain.integration import Service
from hxdav.domain.practice import Band
from hxdav.domain.privacy import PrivacyLevel
from hxdav.errors import ConfigurationError
from hxdav.services.practice.apply_accounts import WantedClinic, WantedPracticeGroup, WantedPractitioner, WantedUser


class _Strict(Part):
    # A number or a yes where a text belongs is a mistake, not a text; a band is written as text.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


# As a band they are written as text.
_Service = Annotated[Service, Field(strict=False)]
_Level = Annotated[PrivacyLevel, Field(strict=False)]


class _Clinic(_Strict):
    key: str
    name: str
    zone: str


class _User(_Strict):
    username: str
    name: str
    administrator: bool = False
    email: str | None = None


class _Practitioner(_Strict):
    key: str
    name: str
    user: str | None = None


class _PracticeGroup(_Strict):
    key: str
    name: str
    zone: str
    band: Band = Field(default=Band.NONE, strict=False)
    privacy: dict[_Service, _Level] = Field(default_factory=dict)
    clinics: list[_Clinic] = Field(default_factory=list)
    users: list[_User] = Field(default_factory=list)
    practitioners: list[_Practitioner] = Field(default_factory=list)


class _Accounts(_Strict):
    practice_groups: list[_PracticeGroup] = Field(default_factory=list)


def read_accounts(path: Path) -> list[WantedPracticeGroup]:
    """The practice groups of an accounts file; raises ConfigurationError with every problem and its line."""
    file = TomlFile(path)
    try:
        accounts = _Accounts.model_validate(file.values)
    except ValidationError as error:
        raise ConfigurationError(*file.problems(error)) from None
    return [_practice_group(file, number, group) for number, group in enumerate(accounts.practice_groups)]


def _practice_group(file: TomlFile, number: int, group: _PracticeGroup) -> WantedPracticeGroup:
    here = ("practice_groups", number)
    return WantedPracticeGroup(
        key=group.key,
        name=group.name,
        zone=group.zone,
        band=group.band,
        privacy=group.privacy,
        place=file.place(here),
        clinics=tuple(
            WantedClinic(key=each.key, name=each.name, zone=each.zone, place=file.place((*here, "clinics", index)))
            for index, each in enumerate(group.clinics)
        ),
        users=tuple(
            WantedUser(
                username=each.username,
                name=each.name,
                administrator=each.administrator,
                email=each.email,
                place=file.place((*here, "users", index)),
            )
            for index, each in enumerate(group.users)
        ),
        practitioners=tuple(
            WantedPractitioner(
                key=each.key, name=each.name, username=each.user, place=file.place((*here, "practitioners", index))
            )
            for index, each in enumerate(group.practitioners)
        ),
    )
