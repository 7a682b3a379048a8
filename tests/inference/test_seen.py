"""What a model sees of one raw input, and where a picture mattered."""

import numpy as np
import pytest

import keramos
from keramos.datasets import POTS
from keramos.errors import DataError
from keramos.inference.explain import Explainer
from keramos.inference.seen import seen_series
from keramos.report.views.raw import series_cell
from keramos.types.prediction import Decision
from keramos.types.schema import Series
from support.raw_models import WINDOW, picture_model, series_model, text_model


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    place = tmp_path_factory.mktemp("raw")
    made = {"picture": picture_model, "text": text_model, "series": series_model}
    for name, make in made.items():
        make(place / f"{name}.keras")
    return {name: keramos.load(place / f"{name}.keras") for name in made}


def explained(model, cell, **options):
    name = model.content.schema.columns[0].name
    return Explainer(model).row(model, {name: cell}, **options)


def test_a_picture_is_seen_as_it_is_prepared(models):
    data = (POTS / "photos/cup_1.jpg").read_bytes()
    found = explained(models["picture"], data)
    fed = models["picture"].feeds([{"image": data}])

    (array,) = fed.values()
    assert np.array_equal(np.rint((array[0] + 1) * 127.5), found.seen.pixels)
    assert found.scores[0][0] == "cup"
    assert found.occlusion is None


def test_where_it_mattered_is_the_score_that_is_lost_without_a_patch(models):
    model, data = models["picture"], (POTS / "photos/cup_1.jpg").read_bytes()
    found = explained(model, data, where=True).occlusion
    ((name, array),) = model.feeds([{"image": data}]).items()
    hidden = array.copy()
    hidden[0, 56:84, 112:140] = array.mean(axis=(1, 2), dtype="float64")[0]

    assert found.lost.shape == (8, 8)
    assert found.about == "score of cup"
    expected = model.run({name: array})[0][0, 0] - model.run({name: hidden})[0][0, 0]
    assert found.lost[2, 4] == pytest.approx(expected, abs=1e-6)


def test_a_slow_network_has_fewer_patches_or_none(models, monkeypatch):
    from keramos.inference import occlusion

    clock = {"now": 0.0}

    def later(seconds):
        def now():
            clock["now"] += seconds
            return clock["now"]

        return now

    data = (POTS / "photos/cup_1.jpg").read_bytes()
    for seconds, side in ((0.05, 8), (0.1, 6), (0.2, 4), (0.4, 3), (0.5, 0)):
        monkeypatch.setattr(occlusion, "perf_counter", later(seconds))
        found = explained(models["picture"], data, where=True).occlusion
        assert (found.lost.shape[0] if found else 0) == side


def test_known_words_are_told_from_others(models):
    found = explained(models["text"], "Hello, where is my order?").seen

    assert found.words == (
        ("hello", True), ("where", False), ("is", False), ("my", False), ("order", True),
    )  # fmt: skip
    assert (found.total, found.known) == (5, 2)


def test_a_series_is_seen_with_what_comes_next(models):
    rows = [[float(row), 1.0] for row in range(WINDOW + 3)]
    found = explained(models["series"], rows).seen

    assert (found.column, found.window) == ("price", WINDOW)
    assert found.rows.tolist() == [row[0] for row in rows]
    assert len(found.forecast) == 1


@pytest.mark.parametrize(
    ("names", "forecast"),
    [
        (("a", "b"), (1.0,)),
        (("a_1", "b_1", "a_2", "b_2"), (1.0, 3.0)),
        (("b_1", "a_1"), (2.0,)),
        (("other", "names"), ()),
    ],
)
def test_of_several_answers_those_of_the_drawn_column_are_its_forecast(names, forecast, models):
    from dataclasses import replace

    content = models["series"].content
    several = replace(content, rule=replace(content.rule, names=names))
    scores = tuple(float(place) for place in range(1, len(names) + 1))
    decision = Decision(1.0, 1.0, scores, "")
    found = seen_series([[1, 2], [3, 4]], Series(("a", "b"), 2), several, decision)

    assert found.forecast == forecast


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\n1,2\n3,4", [[1, 2], [3, 4]]),
        ("1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("\n1;2\n3;4", [[1, 2], [3, 4]]),
        ("1\t2\n3\t4", [[1, 2], [3, 4]]),
        ("date,b,a\n2024-01-02,2,1\n2024-01-01,4,3", [[3, 4], [1, 2]]),
        ("b,x,a\n2,9,1", [[1, 2]]),
    ],
)
def test_pasted_rows_are_read_by_name_order_and_date(text, rows):
    assert series_cell(text, Series(("a", "b"), 2)) == rows


@pytest.mark.parametrize("text", ["1,2,3\n4,5,6", "x,y\n1,2", "a,b\n1,z", "", "a,b\n1", "1,5\n2,5"])
def test_pasted_text_that_has_other_columns_is_refused(text):
    columns = ("a",) if text == "1,5\n2,5" else ("a", "b")  # two cells or a decimal comma
    with pytest.raises(DataError):
        series_cell(text, Series(columns, 2))
