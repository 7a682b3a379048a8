"""The engine ray without a cluster."""

from types import SimpleNamespace

from keramos.scoring import ray_worker
from keramos.scoring.ray_engine import task_of
from keramos.scoring.ray_parts import Taker
from keramos.scoring.ray_units import cuts, units
from keramos.scoring.ray_worker import Scorer
from keramos.types.scoring import Position


def in_process(monkeypatch, *, shared, lost=0):
    """The engine without a cluster: the actor is called here, units in the wrong order and some
    twice.
    """
    monkeypatch.setattr(
        ray_worker, "ray_module", lambda: SimpleNamespace(get=lambda shipped: shipped)
    )

    def decide(setting):
        attempts = setting.work.folder / "attempts"
        attempts.mkdir()
        (attempts / "token").touch()
        for number in range(lost):
            (attempts / f"00000-{number}").mkdir()
        files = setting.job.files
        places = {number: cuts(file, setting.job.source_form) for number, file in enumerate(files)}
        todo = list(units(files, places, Position(), 0, 1, setting.job.plan.part_rows))
        scorer = Scorer(task_of(setting, attempts, "token" if shared else "another"))
        taker = Taker(setting, attempts, todo)
        for unit in todo[:3]:
            scorer({"item": unit})  # an attempt whose answer is lost
        for unit in reversed(todo):
            taker.take(scorer({"item": unit})["item"])

    return decide
