"""The way to the service that a module is about; it is started once for the module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fidelity.crossing import Crossings, crossings


@pytest.fixture(scope="module")
def way(request: pytest.FixtureRequest) -> Iterator[Crossings]:
    """The way to the module's ``SERVICE``."""
    with crossings(request.module.SERVICE) as found:
        yield found
