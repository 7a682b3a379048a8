"""One loaded model with what pages and reports derive from it, computed once and on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
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
from keramos.report.views.raw import example_cell, is_raw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keramos.types.artifact import Content
    from keramos.types.serving import Predictor


_SHOWN_GOLDEN = 8
_SHOWN_CELLS = 5  # of a row on the first screen


@dataclass(frozen=True, slots=True)
class Given:
    """What a form holds, by column: texts and files. ``where`` asks where a picture mattered."""

    texts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    where: bool = False


NOTHING = Given()
"""The example row."""


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

    def explanation(self, model: Predictor, given: Given = NOTHING) -> Markup:
        """The fragment for one row from what the form holds; other columns are those of the
        example row.
        """
        try:
            return Markup(self._explained(model, given))  # noqa: S704 (a rendered template)
        except KeramosError as error:
            return Markup(render.refusal(str(error)))  # noqa: S704 (a rendered template)

    def example(self, model: Predictor, given: Given = NOTHING) -> Mapping[str, object] | None:
        """A row and what is decided about it, for the first screen; None where a row is no texts,
        or is refused.
        """
        content = model.content
        if content is None or is_raw(content):
            return None
        texts = {**example_row(content), **given.texts}
        try:
            decision = model.decide([typed_row(texts, content)])[0]
        except KeramosError:
            return None
        names = [column.name for column in content.schema.columns]
        return {
            "row": [(name, texts.get(name) or "missing") for name in names[:_SHOWN_CELLS]],
            "more": max(len(names) - _SHOWN_CELLS, 0),
            "answer": render.answer(decision, content.rule),
            "rule": decision.rule,
        }

    def golden(self, model: Predictor) -> list[Markup]:
        """What the model sees of each golden picture, text or series, and answers: fragments."""
        content = model.content
        if content is None or content.golden is None or not is_raw(content):
            return []
        item, found = content.preparation.inputs[0], []
        for row in range(min(len(content.golden.outputs), _SHOWN_GOLDEN)):
            texts = {item.column: example_cell(content, item, row)}
            found.append(self._seen(model, content, texts))
            if item.series and item.series.fitted == "request":
                break  # the raw rows of the others are not kept
        return found

    def _seen(self, model: Predictor, content: Content, texts: Mapping[str, str]) -> Markup:
        row = typed_row(texts, content)
        explained = self._explainer(model).row(model, row, where=True)
        decision = model.decide([row])[0]
        return Markup(render.seen(explained, decision, content.rule))  # noqa: S704 (a rendered template)

    def _explained(self, model: Predictor, given: Given) -> str:
        content, texts = model.content, given.texts
        explainer = self._explainer(model)
        if content is None:
            return render.explanation(
                explainer.arrays(model, plain.arrays(texts, model.inputs)), None, None
            )
        row = typed_row({**example_row(content), **texts}, content)
        row.update({name: data for name, data in given.files.items() if name in row})
        explained = explainer.row(model, row, where=given.where)
        return render.explanation(explained, model.decide([row])[0], content.rule)

    def _explainer(self, model: Predictor) -> Explainer:
        if self._made is None:
            self._made = Explainer(model)
        return self._made
