"""Recipes beside the tutorial's: what they learn, choose, refuse, and what files answer."""

from functools import cache

import numpy as np
import pytest

import keramos
from keramos.errors import UsageError
from keramos.training.recipes import RECIPES, TUTORIAL
from keramos.types.training import TrainingPlan

RNG = np.random.default_rng(0)
ROWS = 260
A, B = RNG.normal(50, 20, ROWS), RNG.random(ROWS)
CITY = RNG.choice(["north", "south", "east"], ROWS)
SIGNAL = np.where(A > 55, 2.0, -1.0) + 2 * B + (CITY == "east") + RNG.normal(0, 0.2, ROWS)
TARGETS = {
    "binary": np.where(np.median(SIGNAL) < SIGNAL, "high", "low"),
    "multiclass": np.array(["low", "middle", "high"])[
        np.digitize(SIGNAL, np.quantile(SIGNAL, [1 / 3, 2 / 3]))
    ],
    "regression": SIGNAL * 1000,
}
NUMBERS = {"a": A, "b": B, "c": RNG.random(ROWS)}
MIXED = {**NUMBERS, "b": np.where(RNG.random(ROWS) < 0.1, np.nan, B), "city": CITY}
TABLES = {"numbers": NUMBERS, "mixed": MIXED}
OTHERS = [name for name in RECIPES if name != TUTORIAL]
PLAN = TrainingPlan(epochs=3)


def plan_of(recipe):
    return TrainingPlan() if recipe == "linear" else PLAN


def trained(recipe, task, table="mixed", **options):
    columns = {**TABLES[table], "y": TARGETS[task]}
    return keramos.train(columns, "y", plan=plan_of(recipe), recipe=recipe, **options)


@cache
def usual(recipe, task):
    """A training on the mixed table, which no test changes."""
    return trained(recipe, task)


def weights(run):
    return [array for layer in run.network.layers.values() for array in layer.weights]


@pytest.fixture(scope="module", params=[(r, t) for r in OTHERS for t in TARGETS], ids="-".join)
def run(request):
    return usual(*request.param)


def test_the_model_is_better_than_a_constant_guess(run):
    loss = next(one for one in run.content.metrics if one.better == "lower")

    assert loss.value < 0.8 * loss.baseline


def test_the_trace_names_the_recipe_and_has_its_course_in_equal_parts(run):
    trace = run.content.trace

    assert trace.plan.recipe in OTHERS
    assert trace.plan.engine == "numpy"
    parts = len(trace.epochs)
    assert [epoch.number for epoch in trace.epochs] == list(range(1, parts + 1))
    assert parts == 1 if trace.plan.recipe == "linear" else 1 <= parts <= PLAN.epochs


def test_the_last_line_of_the_trace_is_the_loss_of_the_saved_network(run):
    metrics = {one.name: one.value for one in run.content.metrics}
    spread = run.content.preparation.target.deviation
    wanted = metrics["log_loss"] if "log_loss" in metrics else (metrics["rmse"] / spread) ** 2

    assert run.content.trace.epochs[-1].held_out_loss == pytest.approx(wanted, rel=1e-4)


def test_the_weights_of_compared_candidates_make_one(run):
    candidates = run.content.trace.candidates

    if candidates:
        assert sum(one.weight for one in candidates) == pytest.approx(1)
        best = min(candidates, key=lambda one: one.loss)
        assert best.weight > 0


@pytest.mark.parametrize("table", ["mixed", pytest.param("numbers", marks=pytest.mark.slow)])
@pytest.mark.parametrize("task", TARGETS)
@pytest.mark.parametrize("recipe", OTHERS)
def test_plain_keras_opens_the_file_and_answers_the_same(recipe, task, table, tmp_path):
    import keras

    run = usual(recipe, task) if table == "mixed" else trained(recipe, task, table)
    rows = [{name: column[row] for name, column in TABLES[table].items()} for row in range(30)]
    rows[0]["a"], rows[1]["a"] = 1e6, -1e6
    if table == "mixed":
        rows[2]["city"], rows[3]["b"] = "nowhere", np.nan
    scale = max(1.0, run.content.preparation.target.deviation)
    for suffix in (".h5", ".keras"):
        path = tmp_path / f"model{suffix}"
        run.save(path)
        ours = keramos.load(path)  # checks the golden rows
        feeds = ours.feeds(rows)
        theirs = keras.models.load_model(path)(tensors(feeds))

        np.testing.assert_allclose(ours.run(feeds)[0], np.asarray(theirs), 1e-5, 1e-6 * scale)


def tensors(feeds):
    """What Keras takes for these inputs: one tensor, or one for each name."""
    import keras

    names = {
        name: "string" if array.dtype == object else array.dtype.name
        for name, array in feeds.items()
    }
    made = {
        name: keras.ops.convert_to_tensor(array.tolist(), names[name])
        for name, array in feeds.items()
    }
    return made if len(made) > 1 else next(iter(made.values()))


@pytest.mark.parametrize("recipe", OTHERS)
def test_the_same_seed_gives_the_same_weights(recipe):
    first, again = usual(recipe, "binary"), trained(recipe, "binary")

    for one, other in zip(weights(first), weights(again), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("recipe", OTHERS)
def test_nothing_is_learned_from_held_out_rows(recipe):
    first = usual(recipe, "regression")
    changed = {
        name: column.copy() for name, column in {**MIXED, "y": TARGETS["regression"]}.items()
    }
    for name, column in changed.items():
        changed[name][first.split.held_out] = "south" if name == "city" else column.max() + 7

    again = keramos.train(changed, "y", plan=plan_of(recipe), recipe=recipe)

    for one, other in zip(weights(first), weights(again), strict=True):
        np.testing.assert_array_equal(one, other)


def test_classes_of_equal_weight_raise_the_scores_of_a_rare_class():
    y = np.where(np.quantile(SIGNAL, 0.9) < SIGNAL, "z", "a")
    for recipe in ("linear", "network", "trees"):
        scores = [
            np.mean(
                keramos.train(
                    {**NUMBERS, "y": y},
                    "y",
                    plan=TrainingPlan(class_weight=weighted),
                    recipe=recipe,
                ).content.golden.outputs
            )
            for weighted in (False, True)
        ]

        assert scores[1] > scores[0], recipe


@pytest.mark.parametrize(
    ("recipe", "options", "named"),
    [
        ("linear", {"epochs": 3, "hidden": (4,)}, "epochs, hidden"),
        ("trees", {"learning_rate": 0.5}, "learning rate"),
        ("blend", {"early_stopping": 2}, "early stopping"),
    ],
)
def test_an_option_that_the_recipe_would_pass_over_is_refused(recipe, options, named):
    with pytest.raises(UsageError, match=f"the recipe {recipe} has no {named}"):
        keramos.train({**NUMBERS, "y": A}, "y", plan=TrainingPlan(**options), recipe=recipe)


def test_an_unknown_recipe_is_refused_with_the_names_of_all():
    with pytest.raises(UsageError, match=r"tutorial, linear, .*received 'soup'"):
        keramos.train({**NUMBERS, "y": A}, "y", recipe="soup")


def test_keras_trains_the_tutorial_only():
    with pytest.raises(UsageError, match="the engine keras trains the recipe tutorial only"):
        keramos.train({**NUMBERS, "y": A}, "y", recipe="trees", engine="keras")


@pytest.mark.parametrize("recipe", OTHERS)
def test_few_rows_with_constant_columns_and_many_levels_are_learned(recipe):
    rng = np.random.default_rng(2)
    table = {
        "same": np.ones(60),
        "nothing_but_gaps_and_one": np.where(np.arange(60) % 2, np.nan, 3.0),
        "code": [f"level {number}" for number in rng.integers(0, 25, 60)],
        "y": rng.choice(["p", "q", "r"], 60),
    }

    run = keramos.train(table, "y", recipe=recipe, categorical=["code"])

    assert np.isfinite(run.content.golden.outputs).all()


@pytest.mark.parametrize("recipe", OTHERS)
def test_a_table_of_categories_alone_is_learned(recipe):
    table = {"city": CITY, "y": TARGETS["binary"]}

    run = keramos.train(table, "y", recipe=recipe)

    assert np.isfinite(run.content.golden.outputs).all()
