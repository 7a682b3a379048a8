"""No text of a file turns a page or a card around or hides a part of it."""

import pytest

from keramos.pipeline.inspect import describe
from keramos.report.card import card
from keramos.report.standalone import report
from keramos.report.views.model import model_view
from support.served_models import matrix_model

ODD = ["\x00", "\x08", "\x1b[2J", "\x7f", "\x85", "\u200f", "\u202e", "\u2066", "\u2028", "\u061c"]


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_control_characters_and_marks_of_direction_are_spelled_out(odd):
    model = matrix_model()
    name = f"credit{odd}gpj"
    found = describe(model.artifact)
    html = report(model.artifact, model, name)
    markdown = card(model_view(found, model, name), "multiclass")

    for text in (html, markdown):
        assert odd[0] not in text
    assert ascii(odd[0])[1:-1] in html
