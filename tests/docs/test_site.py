"""The site: every page in the menu, every link to a page that is there, nothing from elsewhere."""

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest

from support.browsers import CHROMIUM, NO_CHROMIUM, browsing, serious, visiting, wide

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"


@pytest.fixture(scope="module")
def pages():
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "site" / "build.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {path.relative_to(SITE / "pages").as_posix(): path for path in SITE.rglob("*.md")}


def test_the_reference_has_every_command_and_every_public_name(pages):
    import keramos
    from keramos.cli.group import COMMANDS

    commands = pages["reference/commands.md"].read_text()
    assert all(f"## keramos {name}\n" in commands for name in COMMANDS)
    names = pages["reference/python.md"].read_text()
    assert all(f"## {name}\n" in names for name in keramos.__all__)
    assert "| `/v1/models" in pages["reference/http.md"].read_text()


def test_every_link_of_a_page_leads_to_a_page(pages):
    for name, path in pages.items():
        text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#:\s]+)[)#]", text):
            assert (path.parent / target).resolve().exists(), f"{name}: {target}"


def test_every_code_of_an_error_is_explained():
    from keramos import errors

    text = (ROOT / "docs" / "troubleshooting.md").read_text()
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.code for kind in kinds if issubclass(kind, errors.KeramosError)}
    assert set(re.findall(r"^## (\w+)$", text, flags=re.MULTILINE)) == codes


@pytest.fixture(scope="module")
def html(pages):
    """The folder of the built site."""
    if find_spec("mkdocs") is None:
        pytest.skip("make docs installs mkdocs")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", ROOT / "docs/site/mkdocs.yml"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stderr
    return SITE / "html"


def test_the_site_is_built_strictly_and_loads_nothing_from_elsewhere(html):
    from keramos import __version__

    for path in html.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert f"keramos {__version__}" in text, path
        assert not re.search(r"<(script|img|iframe)[^>]*src=\"?https?:", text), path
        assert not re.search(r"<link[^>]*rel=\"?stylesheet[^>]*href=\"?https?:", text), path


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Log nothing."""


@contextmanager
def published(folder):
    """The address of a server of the site's files: its search needs one."""
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_a_browser_has_no_serious_finding_about_the_site(html, width, theme):
    with published(html) as address, browsing() as browser, visiting(browser, address) as visit:
        for name in ("index", "404", "python", "scale", "compare", "reference/commands"):
            page = visit(f"/{name}.html", width, color_scheme=theme)
            assert wide(page) <= width, name
            assert serious(page) == [], name
