"""Every example in the words for users runs and prints what it says."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from keramos.datasets import GERMAN_CREDIT
from support.command import keramos, python
from support.sklearn_pickles import churn_folder

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN, SHOWN = {"console", "python"}, {"text", "json"}


def blocks(page):
    return [(language, text) for language, text in BLOCK.findall(page.read_text(encoding="utf-8"))]


def commands(text):
    """(command, expected output lines) of a console block."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def pattern(line):
    """A line as printed, with ... for anything."""
    return ".*".join(re.escape(part) for part in line.split("..."))


def agrees(expected, printed):
    """Lines in order; a line of ... alone stands for any number of lines."""
    wanted = "\n".join(r"(?s:.*)" if line == "..." else pattern(line) for line in expected)
    return re.search(wanted, printed) is not None


def test_every_block_says_whether_it_runs():
    unknown = [
        (page.name, language)
        for page in PAGES
        for language, _ in blocks(page)
        if language not in RUN | SHOWN
    ]

    assert unknown == []


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(name in RUN for name, _ in blocks(page))],
    ids=lambda p: p.name,
)
@pytest.mark.filterwarnings("ignore")  # what Keras says about itself
def test_the_examples_of_a_page_run_and_print_what_they_say(page, tmp_path, monkeypatch):
    (tmp_path / "credit.csv").write_bytes(GERMAN_CREDIT.read_bytes())
    churn_folder(tmp_path / "churn")
    monkeypatch.chdir(tmp_path)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    for language, text in blocks(page):
        if language == "python" and "import keras\n" in text:
            # Importing Keras takes longer than all else on a page.
            exec(compile(text, page.name, "exec"), {"__name__": "__main__"})  # noqa: S102 (our own)
        elif language == "python":
            done = python(text, tmp_path)
            assert done.returncode == 0, done.stderr
        elif language == "console":
            for command, expected in commands(text):
                done = carried_out(command, tmp_path)
                said = done.stdout + done.stderr
                assert agrees(expected, said), f"$ {command}\n{said}"


def carried_out(command, folder):
    """A command of a shell; one of keramos alone needs no shell."""
    if command.startswith("keramos ") and not set(command) & set("$&|;<>()"):
        return keramos(*shlex.split(command)[1:], cwd=folder)
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "100"},
    )


def test_the_readme_stays_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_every_link_to_a_file_leads_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_error_class_is_drawn_in_the_tree_and_has_a_code_of_its_own():
    from keramos import errors

    classes = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.KeramosError)
    ]

    assert all(kind.__name__ in errors.__doc__ for kind in classes)
    assert len({kind.code for kind in classes}) == len(classes)
