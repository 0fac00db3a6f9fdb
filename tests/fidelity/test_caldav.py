"""A CalDAV server of others: each shape of series there and back."""

from __future__ import annotations

import pytest

from hxdav.domain.integration import Service
from tests.fidelity.crossing import Crossings, require_same
from tests.fidelity.shapes import SHAPES
from tests.fidelity.table import cells_written

SERVICE = Service.CALDAV


@pytest.mark.parametrize("name", SHAPES)
def test_the_same_appointments_take_place_on_both_sides(way: Crossings, name: str) -> None:
    crossing = way.of(SHAPES[name])

    require_same(crossing)
    assert crossing.form == cells_written().get((name, SERVICE)), "python -m tests.fidelity.table writes the page"
