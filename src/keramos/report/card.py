"""A model card in Markdown, with the headings that model hubs use.

Headings and front matter: huggingface_hub's model card template and the model-index metadata of its
documentation.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from keramos.drawing import words
from keramos.drawing.visible import visible
from keramos.report.views.leaderboard import LEADERBOARD, LEADERBOARD_NOTE, leaderboard

if TYPE_CHECKING:
    from keramos.types.view import ModelView

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|&!~$])")
_TASKS = {"regression": "tabular-regression"}


def card(view: ModelView, task: str) -> str:
    """The card of a view; ``task`` is that of the target, empty for a plain Keras file."""
    tags = [_TASKS.get(task, "tabular-classification")] if task else []
    dataset = dict(view.proof.provenance).get("table", "")
    compared = view.trace is not None and view.trace.candidates
    made = (
        _environment()
        .get_template("card.md")
        .render(
            view=view,
            tags=tags,
            dataset=dataset,
            leaderboard=leaderboard(view.trace) if view.trace and compared else (),
            leaderboard_titles=LEADERBOARD,
            leaderboard_note=LEADERBOARD_NOTE,
        )
    )
    return visible(made)


@cache
def _environment() -> Environment:
    # Jinja escapes HTML only; the filters below escape both Markdown and HTML.
    found = Environment(  # noqa: S701
        loader=PackageLoader("keramos.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        md=escaped,
        yaml=lambda text: json.dumps(str(text)),
        fence=_fence,
        number=words.number,
        sizes=words.shape,
    )
    return found


def escaped(text: object) -> str:
    """A text on one line of Markdown, with its markup and HTML escaped."""
    return (
        _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))
        .replace("\\<", "&lt;")
        .replace("\\&", "&amp;")
    )


def _fence(text: str, language: str) -> str:
    """A block of code; its fence is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
