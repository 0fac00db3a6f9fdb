from __future__ import annotations

import pytest

from hxdav.domain.appointment import AppointmentKind
from hxdav.domain.field import Field
from hxdav.domain.integration import Service
from hxdav.domain.privacy import PrivacyLevel, default_level, hidden_fields, level_of

BRIDGES = [service for service in Service if service.is_bridged]
WORDS = {Field.TITLE, Field.LOCATION, Field.COMMENT}


def test_the_levels_tell_more_from_one_to_the_next() -> None:
    levels = [PrivacyLevel.BUSY, PrivacyLevel.APPOINTMENT, PrivacyLevel.INITIALS, PrivacyLevel.FULL]
    assert sorted(PrivacyLevel, key=lambda level: level.detail) == levels


def test_a_native_calendar_shows_all_where_the_practice_says_nothing() -> None:
    assert level_of(Service.NATIVE, most=None, chosen=None) is PrivacyLevel.FULL


@pytest.mark.parametrize("service", BRIDGES)
def test_a_bridge_says_appointment_where_the_practice_says_nothing(service: Service) -> None:
    assert level_of(service, most=None, chosen=None) is PrivacyLevel.APPOINTMENT


@pytest.mark.parametrize("service", Service)
@pytest.mark.parametrize("chosen", [None, *PrivacyLevel])
@pytest.mark.parametrize("most", [None, *PrivacyLevel])
def test_a_practitioner_only_tightens_what_the_practice_sets(
    service: Service, most: PrivacyLevel | None, chosen: PrivacyLevel | None
) -> None:
    level = level_of(service, most=most, chosen=chosen)
    ceiling = most or default_level(service)
    assert level.detail <= ceiling.detail
    assert level is (chosen if chosen is not None and chosen.detail < ceiling.detail else ceiling)


@pytest.mark.parametrize("level", [level for level in PrivacyLevel if level is not PrivacyLevel.FULL])
def test_below_full_the_words_of_a_patient_appointment_are_hidden(level: PrivacyLevel) -> None:
    assert hidden_fields(AppointmentKind.PATIENT, level) == WORDS


def test_at_full_nothing_of_a_patient_appointment_is_hidden() -> None:
    assert hidden_fields(AppointmentKind.PATIENT, PrivacyLevel.FULL) == frozenset()


@pytest.mark.parametrize("level", PrivacyLevel)
def test_of_a_personal_appointment_nothing_is_ever_hidden(level: PrivacyLevel) -> None:
    assert hidden_fields(AppointmentKind.PERSONAL, level) == frozenset()
