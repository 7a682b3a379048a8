"""The wheel and the source distribution hold what a new environment needs, and little more."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_MEGABYTES = 70
pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The paths of the wheel and of the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder, "-t", "wheel", "-t", "sdist"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(built):
    with zipfile.ZipFile(built[0]) as wheel:
        packed = {name for name in wheel.namelist() if name.startswith("keramos/")}
        others = [name for name in wheel.namelist() if name not in packed]
    source = ROOT / "src"
    wanted = {
        str(path.relative_to(source))
        for path in (source / "keramos").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == wanted
    assert all(".dist-info/" in name for name in others)


def test_the_source_distribution_holds_what_builds_the_wheel(built):
    with tarfile.open(built[1]) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert {"pyproject.toml", "LICENSE", "NOTICE", "README.md", "src/keramos/__init__.py"} <= names


@pytest.mark.slow
def test_a_new_environment_runs_the_demo_from_the_wheel(built, tmp_path):
    pip = [tmp_path / "env/bin/python", "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    pinned = ROOT / "requirements/demo.txt"
    subprocess.run([*pip, "--require-hashes", "-r", pinned], check=True)
    subprocess.run([*pip, built[0]], check=True)
    done = subprocess.run(
        [tmp_path / "env/bin/keramos", "demo"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "modules of tensorflow, keras, jax, torch in this process: none" in done.stdout


@pytest.mark.slow
def test_what_installs_without_extras_is_small(tmp_path):
    """Wheels of ``requirements/demo.txt`` without those that only training or building needs."""
    pinned = (ROOT / "requirements/demo.txt").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\w)", pinned)
    base = [one for one in blocks if "# via" in one and _is_base(one)]
    (tmp_path / "base.txt").write_text("\n".join(base), encoding="utf-8")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
            *("-r", tmp_path / "base.txt", "-d", tmp_path / "wheels"),
        ],
        check=True,
    )
    sizes = {path.name: path.stat().st_size / 1e6 for path in (tmp_path / "wheels").iterdir()}
    listed = sorted(sizes.items(), key=lambda one: -one[1])
    assert sum(sizes.values()) <= MOST_MEGABYTES, listed


def _is_base(block):
    """Neither h5py and Pillow of extras nor the build's own."""
    name = block.partition("==")[0]
    building = {
        "h5py",
        "pillow",
        "hatchling",
        "editables",
        "pathspec",
        "pluggy",
        "trove-classifiers",
        "tomlkit",
    }
    return name not in building
