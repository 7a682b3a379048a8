"""SavedModel folders, checkpoints of TensorFlow and models of TensorFlow.js, our own and real ones:
each one answers as the program that wrote it, or is refused by name.
"""

import pytest

from keramos.errors import UnsupportedModelError
from support.saved_forms import check_answers, museum, name_of, opened, wild

ROWS = [*museum(), *wild()]
READ = {"saved_model", "no_traces", "export", "module", "tf_weights", "tfjs"}

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
