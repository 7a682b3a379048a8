"""A real server and a real browser, for tests of pages."""

import http.client
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from support.free_port import free_port

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NO_CHROMIUM = "no Chromium here: apt-get install chromium"
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def get(address, path, **headers):
    """Status, headers and body of one GET."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


@contextmanager
def serving(place, *options):
    """The address of a server of that folder, in a process of its own; and the process."""
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("keramos")),
        "serve",
        str(place),
        "--port",
        str(port),
        *options,
    ]
    running = subprocess.Popen(command, env=os.environ, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                get(address, "/models")
                break
            except OSError:
                time.sleep(0.1)
        yield address, running
    finally:
        running.terminate()
        running.wait(20)


@contextmanager
def browsing():
    """A browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def visiting(browser, address):
    """A function that opens paths; at the end: no error on the console, and no request to anybody
    else.
    """
    complaints, contexts = [], []

    def open_(path, width=1440, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text) if said.type in {"error", "warning"} else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda asked: (
                complaints.append(asked.url) if not asked.url.startswith(address) else None
            ),
        )
        page.goto(address + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    found = [text for text in complaints if not text.startswith("data:")]
    assert found == [], found


def wide(page):
    """How wide the page is laid out."""
    return page.evaluate("document.documentElement.scrollWidth")


def serious(page):
    """Serious findings of axe-core; the page must be open without its policy, which would refuse
    the checker.
    """
    from axe_core_python.sync_playwright import Axe

    found = [
        item for item in Axe().run(page)["violations"] if item["impact"] in {"serious", "critical"}
    ]
    return [(item["id"], [node["html"][:120] for node in item["nodes"][:3]]) for item in found]


def finished(page):
    """Wait until the explanation is that of the form."""
    page.wait_for_function(
        "() => !document.getElementById('explanation').classList.contains('busy')"
    )
