"""HTML -> PDF, printed by an installed Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from keramos.errors import MissingExtraError, SaveError

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
"""Names of browsers that can print, as operating systems install them."""

_QUIET = (
    *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--no-pdf-header-footer",
)
_SECONDS = 120
_PRINT_YOURSELF = "Open the HTML and print it"


def pdf(html: str) -> bytes:
    """The page as PDF.

    Raises:
        MissingExtraError: none of the browsers is installed.
        SaveError: the browser printed nothing, or not within ``_SECONDS``.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise MissingExtraError(
            "printing to PDF needs Chromium",
            remedy="Install it (apt-get install chromium), or open the HTML and print",
        )
    with tempfile.TemporaryDirectory(prefix="keramos-") as folder:
        page, out = Path(folder, "report.html"), Path(folder, "report.pdf")
        page.write_text(html, encoding="utf-8")
        # Chromium refuses to run its sandbox as root; the page is our own and loads nothing.
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [
            browser,
            *_QUIET,
            *root,
            f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={out}",
            page.as_uri(),
        ]
        try:
            done = subprocess.run(  # noqa: S603 (the browser that was found, no shell)
                command, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise SaveError(
                f"the browser did not print within {_SECONDS} s",
                received=browser,
                remedy=_PRINT_YOURSELF,
            ) from None
        if not out.is_file():
            message = f"{browser} printed nothing: {done.stderr.strip()[-300:]}"
            raise SaveError(message, remedy=_PRINT_YOURSELF)
        return out.read_bytes()
