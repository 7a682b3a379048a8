"""Write the pages of the site: those of docs/, README and its neighbours, and the reference that the
code itself states. mkdocs builds the site of them (`make site`).
"""

from __future__ import annotations

import inspect
import re
import shutil
from pathlib import Path

import click
import keramos
from keramos.cli.group import COMMANDS, keramos as program

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "build" / "site" / "pages"
OUTSIDE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "report.md",
}
_LINK = re.compile(r"(!?\[[^\]]*\])\(([^)#:\s]+)((?:#[^)\s]*)?)\)")


def main() -> None:
    """Write all pages anew."""
    shutil.rmtree(PAGES.parent, ignore_errors=True)
    sources = [path for path in (ROOT / "docs").rglob("*.md") if "site" not in path.parts[-2:-1]]
    places = {path: path.relative_to(ROOT / "docs") for path in sources}
    places |= {ROOT / name: Path(page) for name, page in OUTSIDE.items()}
    for path, place in places.items():
        write(place, linked(path, place, places))
    shutil.copytree(ROOT / "docs" / "images", PAGES / "images")
    shutil.copy(ROOT / "docs" / "site" / "extra.css", PAGES)
    decisions = sorted(path for path in sources if path.parent.name == "decisions")
    listed = [f"* [{title(path)}]({path.name})" for path in decisions]
    write(Path("decisions/index.md"), "\n".join(["# Decisions", "", *listed, ""]))
    write(Path("reference/commands.md"), commands())
    write(Path("reference/python.md"), names())
    write(Path("reference/http.md"), routes())


def title(path: Path) -> str:
    """The first line of a page."""
    return path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")


def write(place: Path, text: str) -> None:
    """A page."""
    (PAGES / place).parent.mkdir(parents=True, exist_ok=True)
    (PAGES / place).write_text(text, encoding="utf-8")


def linked(path: Path, place: Path, places: dict[Path, Path]) -> str:
    """The text of a page with links to other pages where those are now; links to other files of the
    repository become their names.
    """

    def moved(found: re.Match[str]) -> str:
        target = (path.parent / found[2]).resolve()
        if target == (ROOT / "docs" / "decisions"):
            target_page: Path | None = Path("decisions/index.md")
        elif target.suffix in {".png", ".svg"}:
            target_page = target.relative_to(ROOT / "docs")
        else:
            target_page = places.get(target)
        if target_page is None:
            return f"{found[1].strip('[]')} (`{target.relative_to(ROOT)}`)"
        up = "../" * (len(place.parts) - 1)
        return f"{found[1]}({up}{target_page.as_posix()}{found[3]})"

    return _LINK.sub(moved, path.read_text(encoding="utf-8"))


def commands() -> str:
    """The help of every command."""
    found = ["# Command line", ""]
    root = click.Context(program, info_name="keramos")
    for name in sorted(COMMANDS):
        command = program.get_command(root, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=root, max_content_width=100)
        found += [f"## keramos {name}", "", "```text", command.get_help(context), "```", ""]
    return "\n".join(found)


def names() -> str:
    """The docstring of every public name, and of the methods of its classes."""
    found = ["# Python", ""]
    for name in sorted(keramos.__all__):
        value = getattr(keramos, name)
        found += section(name, value, "##")
        if inspect.isclass(value):
            for method, member in inspect.getmembers(value, inspect.isfunction):
                if not method.startswith("_") and inspect.getdoc(member):
                    found += section(f"{name}.{method}", member, "###")
    return "\n".join(found)


def section(name: str, value: object, level: str) -> list[str]:
    """A name with its signature and its docstring."""
    try:
        signature = str(inspect.signature(value)) if callable(value) else ""
    except ValueError:
        signature = ""
    doc = inspect.getdoc(value) or ""
    return [f"{level} {name}", "", "```text", f"{name}{signature}", "", doc, "```", ""]


def routes() -> str:
    """The routes of the server, from its OpenAPI document."""
    from keramos.serving.assemble import ROUTES

    found = ["# HTTP", "", "`GET /openapi.json` of a server gives the whole document.", ""]
    lines = sorted({(route.path, route.method, route.summary) for route in ROUTES})
    rows = [
        f"| `{path.replace('|', chr(92) + '|')}` | {method} | {what} |"
        for path, method, what in lines
    ]
    return "\n".join([*found, "| path | method | |", "|---|---|---|", *rows, ""])


if __name__ == "__main__":
    main()
