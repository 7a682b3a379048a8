"""SavedModel folders, checkpoints of TensorFlow and models of TensorFlow.js, our own and real ones:
each one answers as the program that wrote it, or is refused by name.
"""

import pytest

from keramos.errors import KeramosError, UnsupportedModelError
from support.saved_forms import check_answers, museum, name_of, opened, wild

ROWS = [*museum(), *wild()]
SAVED_MODELS = {"saved_model", "no_traces", "export", "module"}
READ = {*SAVED_MODELS, "tf_weights", "tfjs"}

if not ROWS:
    pytest.skip("the saved forms are not beside the repository", allow_module_level=True)


def needs_graph(row):
    """Whether only its traced operations say what it computes."""
    return (
        row.get("graph_only")
        or row.get("kind") == "graph"
        or row.get("custom_code")
        or "Lambda" in (row.get("layers") or ())
    )


def rows(*, graph):
    return [row for row in ROWS if row["form"] in READ and bool(needs_graph(row)) == graph]


@pytest.mark.parametrize("row", rows(graph=False), ids=name_of)
def test_a_model_with_a_config_of_built_in_layers_answers_as_its_writer(row):
    check_answers(row, opened(row))


@pytest.mark.parametrize("row", rows(graph=True), ids=name_of)
def test_a_model_that_only_its_graph_describes_answers_or_is_refused_by_its_operations(row):
    try:
        model = opened(row)
    except UnsupportedModelError as error:
        if not error.problems:
            raise
        pytest.skip(", ".join(str(one.layer_kind) for one in error.problems))
    check_answers(row, model)
    assert model.artifact.info.by == "graph"


def outcome(row, by):
    """How a model is read in one way: right, wrong, or why it is refused."""
    try:
        model = opened(row, by)
        check_answers(row, model)
    except AssertionError:
        return "wrong"
    except KeramosError as error:
        named = {str(one.layer_kind) for one in getattr(error, "problems", ())}
        return f"refused: {', '.join(sorted(named)) or error.what}"
    return "right"


@pytest.mark.slow
@pytest.mark.parametrize("by", [None, "graph"])
def test_of_all_models_19_of_20_are_right_and_the_others_name_an_operation(by):
    forms = READ if by is None else SAVED_MODELS - {"no_traces"}  # these have no signature
    found = {
        name_of(row): outcome(row, by) for row in ROWS if row["answers"] and row["form"] in forms
    }
    others = {name: how for name, how in found.items() if how != "right"}

    assert all(how.startswith("refused: ") for how in others.values()), others
    assert len(others) <= 0.05 * len(found), others
