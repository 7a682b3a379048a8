"""Rules of the sources that no linter has."""

import ast
import re

from keramos.cli.group import COMMANDS
from support.shared import ROOT

SOURCE = ROOT / "src" / "keramos"
FILES = sorted(SOURCE.rglob("*.py"))
LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 40
LINES_OF_NINE_IN_TEN = 20


def _name(path):
    return path.relative_to(SOURCE).as_posix()


def _functions():
    """Name and lines of every function, without its signature and docstring."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[ast.get_docstring(node) is not None :] or node.body
                lines = body[-1].end_lineno - body[0].lineno + 1
                yield f"{_name(path)} {node.name}", lines


def test_no_file_is_longer_than_can_be_read_at_once():
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}

    assert {name for name, lines in lengths.items() if lines > LINES_OF_A_FILE} == set()


def test_functions_are_short():
    lengths = dict(_functions())
    inner = sorted(lengths.values())

    assert {name for name, lines in lengths.items() if lines > LINES_OF_A_FUNCTION} == set()
    assert inner[len(inner) * 9 // 10] <= LINES_OF_NINE_IN_TEN


def test_imports_inside_the_package_are_written_as_imports():
    by_string = re.compile(r"""import_module\(\s*["']keramos""")
    found = [_name(path) for path in FILES if by_string.search(path.read_text(encoding="utf-8"))]

    assert found == []


def test_every_decision_has_a_status_and_a_date():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    status = re.compile(
        r"^Status: (?:accepted|superseded by \d{4}), \d{4}-\d\d-\d\d\.$", re.MULTILINE
    )

    assert [page.name for page in pages if not status.search(page.read_text("utf-8"))] == []


def test_every_command_is_documented_with_an_example():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")]
    written = "\n".join(page.read_text(encoding="utf-8") for page in pages)

    assert [name for name in COMMANDS if not re.search(rf"keramos {name}\b", written)] == []


def test_every_verb_of_make_is_in_the_guide_for_contributors():
    verbs = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert [verb for verb in verbs if f"`make {verb}" not in guide] == []
