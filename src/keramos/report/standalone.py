"""The report of a file: one page that holds its own style and script and loads nothing."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import TYPE_CHECKING

from markupsafe import Markup

from keramos.report import render
from keramos.report.subject import Subject
from keramos.report.views.model import model_view

if TYPE_CHECKING:
    from keramos.pipeline.inspect import Inspection
    from keramos.types.serving import Predictor


def report(found: Inspection, model: Predictor | None, name: str) -> str:
    """The report as HTML. ``model`` is None for a file that cannot run; then nothing is
    predicted.
    """
    if model is None:
        values, explanation = (
            render.model_values(model_view(found, None, name)),
            Markup(),
        )
        golden: list[Markup] = []
        example = None
    else:
        subject = Subject(name, model)
        values, explanation = subject.values, subject.explanation(model)
        golden, example = subject.golden(model), subject.example(model)
    style, script = render.asset("page.css"), render.asset("page.js")
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; script-src "
        f"'sha256-{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return render.render(
        "report.html",
        **values,
        served=None,
        interactive=False,
        explanation=explanation,
        golden=golden,
        example=example,
        drift=None,
        shadows=(),
        check="",
        home=False,
        policy=policy,
        # Files of this package, which hold no closing tags.
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
    )


def _digest(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()
