"""A Ray cluster (extra ``ray``): actors decide units of the source; the parts are taken up in
order, each once.

Ray Data hands out the units, and hands one out again where a process or a node is lost. What an
attempt wrote counts only once it is taken up here, under the name of its unit, and then no other
attempt at that unit does.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from keramos.artifact.containers.table import model_source
from keramos.errors import ClusterError, KeramosError
from keramos.platform.ray import cluster
from keramos.scoring.journal import disk
from keramos.scoring.ray_parts import Taker, travelling
from keramos.scoring.ray_units import unit_bytes, units
from keramos.scoring.ray_worker import Scorer, Task, places
from keramos.scoring.steps import carried_out
from keramos.types.scoring import Position

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from keramos.scoring.job import Job
    from keramos.scoring.ray_units import Unit
    from keramos.scoring.ray_worker import Answer
    from keramos.scoring.steps import OnProgress, Setting
    from keramos.types.scoring import ScoringSummary


def run_ray(job: Job, on_progress: OnProgress | None = None) -> ScoringSummary:
    """Score all files of a job on a cluster.

    Raises:
        ClusterError: the cluster cannot be reached, a node cannot do the work, or a unit ends every
            process it is in.
        MissingExtraError: Ray is not installed.
        KeramosError: as on one machine.
    """
    return carried_out(job, on_progress, "ray", _decide)


def _decide(setting: Setting) -> None:
    work, job = setting.work, setting.job
    start = work.parts[-1].end if work.parts else Position()
    if start.file == len(job.files):
        return
    attempts = work.folder.resolve() / "attempts"
    with disk(work.folder):
        shutil.rmtree(attempts, ignore_errors=True)
        attempts.mkdir()
        token = f"token-{secrets.token_hex(6)}"
        (attempts / token).touch()
    with cluster(job.plan.ray_address) as ray:
        workers = job.plan.workers or _processors(ray)
        todo = _planned(ray, job, start, len(work.parts), workers)
        taker = Taker(setting, attempts, todo)
        shipped = ray.put(task_of(setting, attempts, token))
        try:
            for answer in _answers(todo, shipped, min(workers, len(todo))):
                taker.take(answer)
        except ray.exceptions.RayError as error:
            raise ClusterError(f"the cluster gave up: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    return str(error).strip().rpartition("\n")[2]


def _processors(ray: ModuleType) -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _planned(ray: ModuleType, job: Job, start: Position, number: int, workers: int) -> list[Unit]:
    """The units. Large files are looked into by the cluster: where they can be cut may take reading
    all of them.
    """
    size = unit_bytes(sum(file.size for file in job.files), workers)
    large = [
        number for number in range(start.file, len(job.files)) if job.files[number].size > size
    ]
    find = ray.remote(places)
    found = ray.get(
        [find.remote(str(Path.cwd()), job.files[place], job.source_form) for place in large]
    )
    for error in found:
        if isinstance(error, KeramosError):
            raise error
    return list(
        units(
            job.files, dict(zip(large, found, strict=True)), start, number, size, job.plan.part_rows
        )
    )


def task_of(setting: Setting, attempts: Path, token: str) -> Task:
    """What every actor has to know.

    Raises:
        ModelError: the model cannot be read any more.
    """
    job, info = setting.job, setting.job.model.artifact.info
    return Task(
        model_source(info.path, job.model.limits),
        info.sha256,
        job.model.limits,
        job.model.replacements,
        job.model.by,
        job.files,
        job.source_form,
        setting.schema,
        job.plan.keep,
        job.plan.on_error == "fail",
        travelling(job),
        job.mirrored,
        job.keys,
        job.plan.warnings,
        str(Path.cwd()),
        attempts,
        token,
    )


def _answers(todo: Sequence[Unit], shipped: object, workers: int) -> Iterator[Answer]:
    """What the cluster answers, in the order in which units are done; each unit once."""
    data = importlib.import_module("ray.data")
    with _quiet(data):
        pool = data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=2)
        decided = data.from_items(list(todo), override_num_blocks=len(todo)).map(
            Scorer,
            fn_constructor_args=(shipped,),
            compute=pool,
            num_cpus=1,
        )
    for row in decided.iter_rows():
        yield row["item"]


@contextlib.contextmanager
def _quiet(data: ModuleType) -> Iterator[None]:
    """Progress is told by the engine; Ray Data's own stays away, also from what else this process
    does with it.
    """
    context = data.DataContext.get_current()
    before = context.enable_progress_bars, context.print_on_execution_start
    context.enable_progress_bars = context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        yield
    finally:
        context.enable_progress_bars, context.print_on_execution_start = before
