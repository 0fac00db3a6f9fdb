"""`tools/setup` with a package index that is a folder of this test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
SITE = Path(sysconfig.get_paths()["purelib"])
UV = Path(sys.prefix) / "bin" / "uv"

LOCK = {"sample_build": "build", "sample_meter[toml]": "runtime", "sample_parser": "runtime"}
REQUIREMENTS = {"sample_meter": 'Provides-Extra: toml\nRequires-Dist: sample_parser; extra == "toml"\n'}
PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "sample"
version = "1"
dependencies = ["sample_meter[toml]>=1"]
"""


def a_wheel(folder: Path, name: str, version: str) -> str:
    """Writes a wheel with nothing but metadata into the folder, and returns its SHA-256 sum."""
    metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{REQUIREMENTS.get(name, '')}"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with ZipFile(path, "w") as wheel:
        for file, text in {
            "METADATA": metadata,
            "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "RECORD": "".join(f"{name}-{version}.dist-info/{file},,\n" for file in ("METADATA", "WHEEL", "RECORD")),
        }.items():
            wheel.writestr(f"{name}-{version}.dist-info/{file}", text)
    return sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A project with tools/setup, locks at version 1, and an index folder in which each locked package has a version 2.

    Its environment sees pip and setuptools of the one that runs the tests.
    """
    clone = tmp_path / "clone"
    (clone / "tools").mkdir(parents=True)
    (clone / "requirements").mkdir()
    (clone / "sample.py").touch()
    (clone / "pyproject.toml").write_text(PROJECT)
    shutil.copy(ROOT / "tools" / "setup", clone / "tools")
    shutil.copy(ROOT / "requirements" / "uv.txt", clone / "requirements")
    for pin, lock in LOCK.items():
        name = pin.partition("[")[0]
        folder = tmp_path / "index" / name.replace("_", "-")
        folder.mkdir(parents=True)
        a_wheel(folder, name, "2.0")
        with (clone / "requirements" / f"{lock}.txt").open("a") as file:
            file.write(f"{pin}==1.0 --hash=sha256:{a_wheel(folder, name, '1.0')}\n")
        (folder / "index.html").write_text(
            "".join(f'<a href="{path.name}">{path.name}</a>' for path in folder.iterdir())
        )
    venv.create(clone / ".venv", symlinks=True)
    (site_of(clone) / "tests.pth").write_text(str(SITE))
    if UV.exists():
        (clone / ".venv" / "bin" / "uv").symlink_to(UV)
    return clone


def site_of(clone: Path) -> Path:
    return clone / ".venv" / SITE.relative_to(sys.prefix)


def set_up(clone: Path, **settings: str) -> str:
    """Runs tools/setup with these settings of pip and no others, and returns what it says."""
    environment = {"PATH": os.defpath, "HOME": str(clone), "PIP_CONFIG_FILE": os.devnull, **settings}
    done = subprocess.run(
        [clone / "tools" / "setup", "runtime"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def installed(clone: Path) -> set[str]:
    return {path.stem for path in site_of(clone).glob("sample*.dist-info")}


AS_LOCKED = {"sample-1", "sample_build-1.0", "sample_meter-1.0", "sample_parser-1.0"}


@pytest.mark.skipif(not UV.exists(), reason="uv cannot be had on this system")
def test_uv_takes_the_locked_release_beside_a_newer_one_from_the_index_that_pip_is_set_to(clone: Path) -> None:
    said = set_up(clone, PIP_INDEX_URL=(clone.parent / "index").as_uri())
    assert "with pip" not in said
    assert installed(clone) == AS_LOCKED


def test_pip_takes_the_locked_release_beside_a_newer_one_where_uv_cannot_be_had(clone: Path) -> None:
    folders = " ".join(str(path) for path in (clone.parent / "index").iterdir())
    said = set_up(clone, PIP_NO_INDEX="1", PIP_FIND_LINKS=folders)
    assert "with pip" in said
    assert installed(clone) == AS_LOCKED
