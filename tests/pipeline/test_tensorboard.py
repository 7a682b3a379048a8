"""TensorFlow reads the event files of a training."""

import pytest

import keramos
from keramos.datasets import GERMAN_CREDIT
from keramos.errors import UsageError
from support.command import keramos as command

pytestmark = pytest.mark.oracle


def events(folder):
    """(step, tag) -> value, as TensorFlow's own reader finds them."""
    from tensorflow.compat.v1.train import summary_iterator

    (path,) = folder.glob("events.out.tfevents.*")
    read = list(summary_iterator(str(path)))
    assert read[0].file_version == "brain.Event:2"
    return {
        (one.step, value.tag): value.simple_value for one in read for value in one.summary.value
    }


def test_each_epoch_and_the_held_out_metrics_are_there(tmp_path):
    seen, log = [], f"tensorboard:{tmp_path}/logs"
    plan = keramos.TrainingPlan(recipe="tutorial", epochs=3)
    run = keramos.train(GERMAN_CREDIT, "risk", plan=plan, log=log, on_epoch=seen.append)
    assert len(seen) == 3
    found = events(tmp_path / "logs")
    for epoch in run.content.trace.epochs:
        assert found[epoch.number, "loss/held-out"] == pytest.approx(epoch.held_out_loss)
        assert found[epoch.number, "metric/training"] == pytest.approx(epoch.metric)
    auc = next(one.value for one in run.content.metrics if one.name == "auc")
    assert found[3, "held-out/auc"] == pytest.approx(auc)


def test_what_is_no_log_is_refused_before_anything_is_read():
    for given in ("wandb", "tensorboard", "tensorboard:", 3):
        with pytest.raises(UsageError, match="tensorboard:FOLDER"):
            keramos.train("absent.csv", "risk", log=given)


def test_one_option_of_the_command_logs(tmp_path):
    given = ("train", GERMAN_CREDIT, "--target", "risk", "-o", tmp_path / "m.h5")
    done = command(
        *given, "--recipe", "tutorial", "--epochs", "2", "--log", f"tensorboard:{tmp_path}/l"
    )
    assert done.returncode == 0, done.stderr
    assert (2, "loss/training") in events(tmp_path / "l")
    done = command(*given, "--log", "wandb")
    assert done.returncode == 2
    assert "tensorboard:FOLDER" in done.stderr
