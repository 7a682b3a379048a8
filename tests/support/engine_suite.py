"""What every training engine promises: subclass ``EngineSuite`` and name the engine."""

from dataclasses import replace

import numpy as np
import pytest

import keramos
from keramos.compile.emit import compile_network
from keramos.evaluate.observations import observe
from keramos.runtime.session import Session
from keramos.training.engines import engine
from keramos.types.schema import TargetPreparation, TargetSchema
from keramos.types.training import TrainingPlan
from keramos.types.training_job import TrainingJob, TrainingRows

RNG = np.random.default_rng(0)
X = RNG.random((240, 3))
VALUE = X @ [3.0, -2.0, 1.0] + RNG.normal(0, 0.05, 240)
FEATURES = {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2]}
TARGETS = {
    "binary": np.where(np.median(VALUE) < VALUE, "high", "low"),
    "multiclass": np.array(["low", "middle", "high"])[
        np.digitize(VALUE, np.quantile(VALUE, [1 / 3, 2 / 3]))
    ],
    "regression": VALUE,
}
LEARNS = {"binary": "auc", "multiclass": "log_loss", "regression": "rmse"}
PLAN = TrainingPlan(recipe="tutorial", epochs=12, batch_size=16, learning_rate=0.02)


def table(task):
    return {**FEATURES, "y": TARGETS[task]}


def weights(run):
    return [array for layer in run.network.layers.values() for array in layer.weights]


@pytest.mark.parametrize("task", TARGETS)
class EngineSuite:
    """The promises, for each task. ``name`` is the engine's name in ``ENGINES``."""

    name: str

    @pytest.fixture(scope="class")
    @classmethod
    def reported(cls):
        """By task a training, and the epochs that it reported as they ended."""
        made = {}
        for task in TARGETS:
            told = []
            run = keramos.train(table(task), "y", plan=PLAN, engine=cls.name, on_epoch=told.append)
            made[task] = run, tuple(told)
        return made

    @pytest.fixture(scope="class")
    @classmethod
    def runs(cls, reported):
        return {task: run for task, (run, _) in reported.items()}

    def test_the_model_is_better_than_a_constant_guess(self, runs, task):
        metric = next(one for one in runs[task].content.metrics if one.name == LEARNS[task])

        if metric.better == "higher":
            assert metric.value > metric.baseline
        else:
            assert metric.value < metric.baseline

    def test_the_same_seed_gives_the_same_weights(self, runs, task):
        again = keramos.train(table(task), "y", plan=PLAN, engine=self.name)

        for first, second in zip(weights(runs[task]), weights(again), strict=True):
            np.testing.assert_array_equal(first, second)

    def test_the_trace_has_each_epoch_and_the_numbers_that_were_used(self, runs, task):
        trace = runs[task].content.trace

        assert [epoch.number for epoch in trace.epochs] == list(range(1, trace.plan.epochs + 1))
        assert trace.plan.epochs <= PLAN.epochs
        assert trace.plan.engine == self.name
        assert min(trace.plan.batch_size, trace.plan.learning_rate, trace.parameters) > 0
        for epoch in trace.epochs:
            assert np.isfinite(
                [epoch.loss, epoch.metric, epoch.held_out_loss, epoch.held_out_metric]
            ).all()

    def test_observations_follow_from_the_numbers(self, runs, task):
        epochs = runs[task].content.trace.epochs
        losses = [(epoch.loss, epoch.held_out_loss) for epoch in epochs]

        assert [epoch.observation for epoch in epochs] == [
            observe(losses[:count], last=count == len(epochs))
            for count in range(1, len(epochs) + 1)
        ]

    def test_each_epoch_is_reported_as_it_ends(self, reported, task):
        run, epochs = reported[task]

        assert epochs == run.content.trace.epochs
        assert epochs

    def test_a_table_of_texts_numbers_and_gaps_gives_a_file_that_proves_itself(
        self, task, tmp_path
    ):
        columns = {
            **FEATURES,
            "a": np.where(X[:, 0] < 0.1, np.nan, X[:, 0]),
            "city": np.where(X[:, 1] > 0.5, "north", "south"),
        }

        run = keramos.train({**columns, "y": TARGETS[task]}, "y", plan=PLAN, engine=self.name)
        run.save(tmp_path / "model.h5")

        model = keramos.load(tmp_path / "model.h5")  # checks the golden rows
        assert len(run.content.golden.outputs) > 0
        assert np.isfinite([decision.score for decision in model.decide(columns)]).all()

    def test_golden_rows_name_the_engine_that_answered(self, runs, task):
        golden = runs[task].content.golden

        assert golden.reference == engine(self.name).reference
        assert len(golden.outputs) == len(golden.inputs[0]) > 0

    @pytest.mark.parametrize("suffix", [".h5", ".keras"])
    def test_plain_keras_opens_the_file_and_answers_the_same(self, runs, task, suffix, tmp_path):
        import keras

        path = tmp_path / f"model{suffix}"
        runs[task].save(path)
        rows = X[:20].astype("float32")

        model = keras.models.load_model(path)

        np.testing.assert_allclose(
            keramos.load(path).predict(rows), np.asarray(model(rows)), 1e-5, 1e-6
        )

    def test_early_stopping_keeps_the_weights_of_the_best_validation_loss(self, task):
        job = noise(task, self.name)

        network, trace = engine(self.name).fit(job)

        losses = [epoch.held_out_loss for epoch in trace.epochs]  # of the validation rows here
        answers = Session(compile_network(network)).run(
            {network.inputs[0].layer: job.validation.matrix}
        )[0]
        stopped_early = len(losses) < job.plan.epochs
        assert not stopped_early or len(losses) - 1 - int(np.argmin(losses)) <= PATIENCE
        assert loss_of(answers, job) == pytest.approx(min(losses), rel=1e-3)

    def test_an_interrupt_in_an_epoch_leaves_no_file(self, task, tmp_path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

        def stop(_):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            keramos.train(table(task), "y", plan=PLAN, engine=self.name, on_epoch=stop)

        assert list(tmp_path.iterdir()) == []


PATIENCE = 2


def noise(task, name):
    """A job without anything to learn, whose validation rows are its held-out rows."""
    rng = np.random.default_rng(1)
    matrix = rng.random((200, 3)).astype("float32")
    targets = {
        "binary": rng.integers(0, 2, (200, 1)).astype("float32"),
        "multiclass": rng.integers(0, 3, 200).astype("int32"),
        "regression": rng.random((200, 1)).astype("float32"),
    }[task]
    classes = {"binary": (0, 1), "multiclass": (0, 1, 2), "regression": ()}[task]
    rows = TrainingRows(matrix[150:], targets[150:])
    return TrainingJob(
        training=TrainingRows(matrix[:150], targets[:150]),
        held_out=rows,
        validation=rows,
        target=TargetSchema("y", task, "drawn", classes),
        statistics=TargetPreparation(0.5, 0.3),
        plan=replace(PLAN, epochs=40, early_stopping=PATIENCE, engine=name),
    )


def loss_of(answers, job):
    """The loss of answers to the validation rows, by the definitions of Keras."""
    truth, answers = job.validation.targets, answers.astype(float)
    if job.target.task == "regression":
        return float(np.mean(((answers - truth) / job.statistics.deviation) ** 2))
    if job.target.task == "binary":
        answers = np.hstack([1 - answers, answers])
    places = truth.reshape(-1).astype(int)
    return float(-np.log(answers[np.arange(len(places)), places]).mean())
