"""One loaded model with what pages and reports derive from it, computed once and on demand."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from markupsafe import Markup

from keramos.errors import KeramosError
from keramos.inference.explain import Explainer
from keramos.pipeline.inspect import describe
from keramos.report import render
from keramos.report.views import plain
from keramos.report.views.columns import example_row, typed_row
from keramos.report.views.model import model_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.types.serving import Predictor


class Subject:
    """A model under the name on its page. It keeps no reference to the model, so a cache keyed by
    the model may hold it.
    """

    def __init__(self, name: str, model: Predictor) -> None:
        self.name = name
        self.view = model_view(describe(model.artifact), model, name)
        self._made: Explainer | None = None

    @cached_property
    def values(self) -> dict[str, object]:
        """What the template of a model needs."""
        return render.model_values(self.view)

    def explanation(self, model: Predictor, texts: Mapping[str, str]) -> Markup:
        """The fragment for one row from the texts of the form; other columns are those of the
        example row.
        """
        try:
            return Markup(self._explained(model, texts))  # noqa: S704 (a rendered template)
        except KeramosError as error:
            return Markup(render.refusal(str(error)))  # noqa: S704 (a rendered template)

    def _explained(self, model: Predictor, texts: Mapping[str, str]) -> str:
        content = model.content
        explainer = self._explainer(model)
        if content is None:
            return render.explanation(
                explainer.arrays(model, plain.arrays(texts, model.inputs)), None, None
            )
        row = typed_row({**example_row(content), **texts}, content)
        return render.explanation(explainer.row(model, row), model.decide([row])[0], content.rule)

    def _explainer(self, model: Predictor) -> Explainer:
        if self._made is None:
            self._made = Explainer(model)
        return self._made
