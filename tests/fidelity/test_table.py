"""The pages in docs/services/ that are written out of the code: they are as it would write them now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hxdav.domain.integration import Service
from tests.fidelity import abilities, troubles
from tests.fidelity.crossing import EVERYTHING, WINDOW
from tests.fidelity.occurrences import occurrences_of
from tests.fidelity.places import PLACES
from tests.fidelity.shapes import SHAPES
from tests.fidelity.table import COLUMNS, PAGE, cells_written, rendered


def test_the_page_of_series_is_as_it_would_be_written() -> None:
    """The cells themselves are what the tests of each service see."""
    assert PAGE.read_text(encoding="utf-8") == rendered(cells_written())


def test_the_page_of_troubles_is_as_it_would_be_written() -> None:
    assert troubles.PAGE.read_text(encoding="utf-8") == troubles.rendered()


def test_the_page_has_a_column_for_every_service() -> None:
    assert {*COLUMNS, Service.OFFICE365} == set(Service)
    assert set(PLACES) == set(COLUMNS) - {Service.NATIVE}


def test_there_are_as_many_shapes_as_were_asked_for_and_no_two_are_described_alike() -> None:
    assert len(SHAPES) >= 40
    assert len({shape.says for shape in SHAPES.values()}) == len(SHAPES)


def test_each_shape_has_something_to_show_in_the_window() -> None:
    empty = [name for name, shape in SHAPES.items() if not occurrences_of([shape.text("a")], WINDOW)]

    assert empty == []


def test_each_shape_takes_place_more_than_twice() -> None:
    few = [name for name, shape in SHAPES.items() if len(occurrences_of([shape.text("a")], EVERYTHING)) < 3]

    assert few == []


def test_the_page_of_services_has_the_table_that_the_code_would_write() -> None:
    page = abilities.PAGE.read_text(encoding="utf-8")

    assert page == abilities.rewritten(page)
    assert abilities.BEGINS in page
    assert abilities.ENDS in page


def test_the_page_of_services_tells_of_every_bridge_and_links_to_its_page() -> None:
    bridged = {service for service in Service if service.is_bridged}

    assert set(abilities.ABILITIES) == bridged
    assert {service for service in bridged if (abilities.PAGE.parent / f"{service}.md").exists()} == bridged


def test_how_often_a_service_is_looked_at_is_what_its_deletions_wait_for() -> None:
    """Rule 7 knows the service and not its remote: what is not told at once is looked at twice before."""
    polled = {service for service, can in abilities.ABILITIES.items() if not can.notifies}

    assert {service for service in abilities.ABILITIES if service.polled_every} == polled
    assert {service.polled_every for service in polled} == {
        abilities.ABILITIES[service].polled_every for service in polled
    }


@pytest.mark.parametrize("page", sorted(abilities.PAGE.parent.glob("*.md")), ids=lambda page: page.name)
def test_what_the_pages_link_to_is_there(page: Path) -> None:
    links = re.findall(r"\]\((?!\w+:)([^)#]*)(#[^)]+)?\)", page.read_text(encoding="utf-8"))

    missing = [name + anchor for name, anchor in links if not _is_there(page.parent / name if name else page, anchor)]

    assert missing == []


def _is_there(page: Path, anchor: str) -> bool:
    if not page.exists() or not anchor:
        return page.exists()
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return anchor[1:] in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
