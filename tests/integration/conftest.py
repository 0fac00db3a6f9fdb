"""What every test of parts that work together has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hxdav.secrets import passwords
from tests.passwords import QUICK


@pytest.fixture(scope="module", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Web passwords are hashed at once, and those of nobody refused at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", QUICK)
        patch.setattr(passwords, "_NOBODYS", QUICK.hash("nobody's"))
        yield
