"""What the image installs is pinned, and is what the package needs."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_dependency_of_the_base_is_pinned_with_hashes_for_the_image():
    pins = (ROOT / "requirements" / "serve.txt").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[<>=;\[ ]", one)[0] for one in project["dependencies"]}
    pinned = set(re.findall(r"^([\w.-]+)==", pins, re.MULTILINE))

    assert needed <= pinned
    assert all("--hash=sha256:" in part for part in re.split(r"\n(?=\w)", pins.strip()))


def test_versions_are_those_that_tests_run_with():
    dev = (ROOT / "requirements" / "dev.txt").read_text()
    pins = (ROOT / "requirements" / "serve.txt").read_text()
    tested = set(re.findall(r"^[\w.-]+==[\w.]+", dev, re.MULTILINE))

    assert set(re.findall(r"^[\w.-]+==[\w.]+", pins, re.MULTILINE)) <= tested


def test_the_image_installs_by_hash_and_every_extra_has_a_licence():
    docker = (ROOT / "deploy" / "Dockerfile").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    licences = (ROOT / "docs" / "security.md").read_text().partition("## Licences")[2]

    assert "--require-hashes -r requirements/serve.txt" in docker
    assert "--no-deps ." in docker
    assert all(f"`{extra}`" in licences for extra in project["optional-dependencies"])
