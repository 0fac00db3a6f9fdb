"""What programs call time zones, and which zones are meant."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from hxdav.ical.zone_names import same_clock, windows_name, zone_named


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("New Zealand Standard Time", "Pacific/Auckland"),
        ("US Mountain Standard Time", "America/Phoenix"),
        ("(UTC+10:00) Canberra, Melbourne, Sydney", "Australia/Canberra"),
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rom, Stockholm, Wien", "Europe/Amsterdam"),
        ("(GMT+02.00) Kairo / Helsinki / Riga", "Europe/Helsinki"),
        ("(UTC+00:00) Dublin, Edinburgh, Lisbon, London", "Europe/Dublin"),
        ("(UTC-03:30) Newfoundland", "America/St_Johns"),
        ("(UTC-05:00) Eastern Time (US & Canada)", "America/New_York"),
        ("(UTC-06:00) Guadalajara, Mexico City, Monterrey", "America/Mexico_City"),
        ("(UTC+13:00) Samoa", "Pacific/Apia"),
        ("/Europe/Berlin", "Europe/Berlin"),
        ("/example.org/20200101_1/Europe/Berlin", "Europe/Berlin"),
        ("/example.org/Tzfile/America/Argentina/Cordoba", "America/Argentina/Cordoba"),
        ("/example.org/EST5EDT", "EST5EDT"),
    ],
)
def test_a_zone_is_known_by_each_of_its_names(name: str, key: str) -> None:
    assert zone_named(name) == ZoneInfo(key)


@pytest.mark.parametrize(
    "name",
    ["UTC", "gmt", "Etc/UTC", "tzone://Microsoft/Utc", "/example.org/UTC", "(UTC) Coordinated Universal Time"],
)
def test_utc_has_many_names(name: str) -> None:
    assert zone_named(name) is UTC


@pytest.mark.parametrize(
    "name",
    [
        *("", "Nowhere", "Europe", "../../etc/passwd", "a\0b", "x" * 300, "tzone://Microsoft/Custom"),
        *("(UTC+02:00) Sydney", "(UTC+01:00) Nowhere", "(UTC+01:00)", "Customized Time Zone"),
    ],
)
def test_a_name_that_means_nothing_or_contradicts_itself_is_no_zone(name: str) -> None:
    assert zone_named(name) is None


@pytest.mark.parametrize(
    ("name", "windows"),
    [
        ("Australia/Melbourne", "AUS Eastern Standard Time"),
        ("Asia/Kolkata", "India Standard Time"),
        ("UTC", "UTC"),
        ("AUS Eastern Standard Time", "AUS Eastern Standard Time"),
        ("Nowhere/Land", ""),
        ("", ""),
    ],
)
def test_windows_has_a_name_for_most_zones(name: str, windows: str) -> None:
    assert windows_name(name) == windows


@pytest.mark.parametrize("key", ["America/Scoresbysund", "Antarctica/Casey", "Antarctica/Vostok", "Antarctica/Troll"])
def test_windows_has_no_name_for_a_zone_whose_clock_differs_from_that_of_the_name(key: str) -> None:
    assert windows_name(key) == ""


def test_clocks_that_change_at_another_hour_of_one_night_differ() -> None:
    assert not same_clock(ZoneInfo("Europe/Chisinau"), ZoneInfo("Europe/Kyiv"))
    assert same_clock(ZoneInfo("Europe/Vienna"), ZoneInfo("Europe/Berlin"))
