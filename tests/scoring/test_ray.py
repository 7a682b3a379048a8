"""The engine ray: the source in units, each decided somewhere, each row once; on real clusters in
processes here.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keramos
from keramos.errors import ClusterError, DataError, UsageError
from keramos.pipeline.load import load
from keramos.scoring.job import plan_job
from keramos.scoring.pieces import Source
from keramos.scoring.ray_units import Cut, cuts, units
from keramos.scoring.ray_worker import MOST_ATTEMPTS
from keramos.scoring.sources import find
from keramos.scoring.steps import carried_out
from keramos.types.scoring import Position, ScoringPlan, SourceFile
from support.command import keramos as command
from support.ray_in_process import in_process

KERAMOS = str(Path(sys.executable).with_name("keramos"))
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of three numbers."""
    rng = np.random.default_rng(0)
    table = {f"x{i}": rng.random(300) for i in range(3)}
    table["y"] = np.where(sum(table.values()) > 1.5, "yes", "no")
    path = tmp_path_factory.mktemp("model") / "m.h5"
    keramos.train(
        table, "y", plan=keramos.TrainingPlan(recipe="tutorial", epochs=1, hidden=(4,))
    ).save(path)
    return path


def rows(count, seed=1):
    rng = np.random.default_rng(seed)
    return pa.table(
        {"id": np.arange(count) + seed * 10**7, **{f"x{i}": rng.random(count) for i in range(3)}}
    )


def with_bad_rows(path, count, seed):
    """A CSV file in which one row in a thousand is bad, and one cell spans two lines."""
    pa_csv.write_csv(rows(count, seed), path)
    lines = path.read_text().splitlines(keepends=True)
    for number in range(500, count, 1000):
        lines[number] = f"{number},0.1,abc,0.3\n"
    lines[300] = '"a\nb",0.1,0.2,0.3\n'
    path.write_text("".join(lines))


sizes = st.lists(st.integers(1, 1000), min_size=1, max_size=20)


@given(sizes=sizes, data=st.data(), size=st.integers(1, 500), most=st.integers(1, 300))
@settings(deadline=None)
def test_units_follow_each_other_from_the_start_to_the_end_of_the_source(sizes, data, size, most):
    files = [SourceFile(str(number), str(number), count, "") for number, count in enumerate(sizes)]
    start = Position(data.draw(st.integers(0, len(files) - 1)))
    places = {
        number: [
            Cut(at, at, at) for at in sorted(data.draw(st.sets(st.integers(1, max(count - 1, 1)))))
        ]
        for number, count in enumerate(sizes)
        if count > size
    }

    found = list(units(files, places, start, 7, size, most))

    assert [unit.start for unit in found] == [start, *(unit.end for unit in found[:-1])]
    assert found[-1].end == Position(len(files))
    assert [unit.number for unit in found] == list(range(7, 7 + len(found)))
    assert sum(unit.stored for unit in found) == sum(sizes[start.file :])


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_a_file_is_cut_where_reading_can_begin_and_no_row_is_lost_there(model, tmp_path, form):
    table = rows(200_000)
    path = tmp_path / f"in.{form}"
    if form == "csv":
        with_bad_rows(path, 200_000, 1)
    elif form == "parquet":
        pq.write_table(table, path, row_group_size=30_000)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    files, scorer = find(str(path)), load(model).batch_scorer(("id",))
    source = Source(files, form)
    kept = pa.schema([source.schema().field("id")])
    whole = [
        piece.decided
        for piece in source.pieces(scorer, kept, Position(), 1)
        if piece.decided is not None
    ]

    places = {0: cuts(files[0], form)}
    found = list(units(files, places, Position(), 0, 1, 1 << 20))
    parts = [
        piece.decided
        for unit in found
        for piece in Source(files, form).pieces(scorer, kept, unit.start, 1, unit.end)
        if piece.decided is not None
    ]

    assert len(found) >= 2
    assert pa.Table.from_batches(parts).equals(pa.Table.from_batches(whole))


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("target", ["out.csv", "out.parquet", "out"])
def test_parts_in_any_order_give_what_one_machine_gives(
    model, tmp_path, monkeypatch, shared, target
):
    (tmp_path / "in").mkdir()
    for number in range(2):
        with_bad_rows(tmp_path / "in" / f"{number}.csv", 150_000, number)
    plan = ScoringPlan(keep=("id",), on_error="skip")
    (tmp_path / "here").mkdir()
    local = keramos.score(
        model, tmp_path / "in", tmp_path / "here" / target, keep=("id",), on_error="skip"
    )
    job = plan_job(load(model), str(tmp_path / "in"), str(tmp_path / target), plan)

    summary = carried_out(job, None, "ray", in_process(monkeypatch, shared=shared))

    assert summary.totals == local.totals
    assert summary.totals.rejected == 300
    if target == "out":
        assert (tmp_path / "out" / "_rejected.csv").read_bytes() == (
            tmp_path / "here/out/_rejected.csv"
        ).read_bytes()
        assert lines_of(tmp_path / "out") == lines_of(tmp_path / "here" / "out")
    else:
        assert (tmp_path / target).read_bytes() == (tmp_path / "here" / target).read_bytes()
        assert (tmp_path / "out.rejected.csv").read_bytes() == (
            tmp_path / "here/out.rejected.csv"
        ).read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_a_key_of_another_type_far_behind_is_refused_by_name_there_too(
    model, tmp_path, monkeypatch
):
    keys = [*range(110_000), "x"]
    lines = (json.dumps({"id": key, "x0": 0.1, "x1": 0.5, "x2": 0.9}) + "\n" for key in keys)
    (tmp_path / "in.jsonl").write_text("".join(lines))
    plan = ScoringPlan(keep=("id",))
    job = plan_job(load(model), str(tmp_path / "in.jsonl"), str(tmp_path / "out.csv"), plan)

    with pytest.raises(DataError, match="'id': a column that is kept has cells of other types"):
        carried_out(job, None, "ray", in_process(monkeypatch, shared=True))


def lines_of(folder):
    return sorted(
        line
        for path in folder.glob("*-*.csv")
        for line in path.read_text().splitlines(keepends=True)[1:]
    )


def test_a_unit_that_is_lost_again_and_again_is_given_up(model, tmp_path, monkeypatch):
    pq.write_table(rows(100), tmp_path / "in.parquet")
    decide = in_process(monkeypatch, shared=True, lost=MOST_ATTEMPTS)
    job = plan_job(
        load(model), str(tmp_path / "in.parquet"), str(tmp_path / "out.csv"), ScoringPlan()
    )

    with pytest.raises(
        ClusterError,
        match=r"in\.parquet from row or byte 0\. Check that the nodes have enough memory",
    ):
        carried_out(job, None, "ray", decide)


def test_standard_input_is_refused(model, tmp_path):
    with pytest.raises(UsageError, match="need engine local"):
        keramos.score(model, "-", tmp_path / "out.csv", engine="ray", source_format="csv")


def test_a_cluster_that_does_not_answer_is_one_clear_sentence_and_nothing_is_left(model, tmp_path):
    pytest.importorskip("ray")
    pq.write_table(rows(100), tmp_path / "in.parquet")
    done = command(
        "score", model, "in.parquet", "-o", "out.csv", "--engine", "ray", "--ray-address",
        "127.0.0.1:1",
        cwd=tmp_path,
    )  # fmt: skip

    assert done.returncode == 1
    assert "no Ray cluster answers at 127.0.0.1:1" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_one_machine_is_a_cluster_too(model, tmp_path):
    pytest.importorskip("ray")
    (tmp_path / "in").mkdir()
    for number in range(3):
        with_bad_rows(tmp_path / "in" / f"{number}.csv", 30_000, number)
    call = ["score", model, "in/*.csv", "--keep", "id", "--on-error", "skip", "-o"]
    local = command(*call, "local.csv", cwd=tmp_path)
    done = command(*call, "ray.csv", "--engine", "ray", cwd=tmp_path, **QUIET)

    assert done.returncode == 0, done.stderr
    assert local.returncode == 0, local.stderr
    same(tmp_path, "ray", "local")


def same(folder, one, other):
    """Two runs into one CSV file gave the same rows, the same rejects and the same totals."""
    for ending in ("csv", "rejected.csv"):
        assert (folder / f"{one}.{ending}").read_bytes() == (
            folder / f"{other}.{ending}"
        ).read_bytes()
    totals = [
        json.loads((folder / f"{name}.csv.summary.json").read_text())["totals"]
        for name in (one, other)
    ]
    assert totals[0] == totals[1]


@pytest.fixture(scope="module")
def nodes():
    """A head without processors and two nodes with one each; a function adds a node, the list holds
    all of them.
    """
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    os.environ |= QUIET
    small = {"include_dashboard": False, "object_store_memory": 100 << 20}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1, object_store_memory=100 << 20)
        yield cluster
    finally:
        cluster.shutdown()


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Sixteen Parquet files with twelve row groups each; 1.2 million rows."""
    folder = tmp_path_factory.mktemp("source") / "in"
    folder.mkdir()
    for number in range(16):
        pq.write_table(rows(75_000, number), folder / f"{number:02d}.parquet", row_group_size=6250)
    return folder


def begin(nodes, folder, model, source, *more):
    """A run on the cluster, with many small units, after its first one was taken up."""
    call = [
        KERAMOS,
        "score",
        model,
        source,
        "-o",
        "out.parquet",
        "--keep",
        "id",
        "--part-rows",
        "20000",
    ]
    call += ["--engine", "ray", "--ray-address", nodes.address, *more]
    process = subprocess.Popen([*map(str, call)], cwd=folder, stderr=subprocess.PIPE, text=True)
    journal = folder / ".out.parquet.keramos" / "parts.jsonl"
    while not (journal.exists() and journal.stat().st_size):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    return process


def finish(process):
    with process:
        said = process.stderr.read()
    assert process.returncode == 0, said


def check(folder, model, source):
    keramos.score(model, source, folder / "local.parquet", keep=("id",))
    ours, local = (pq.read_table(folder / f"{name}.parquet") for name in ("out", "local"))
    assert ours.equals(local)
    totals = [
        json.loads((folder / f"{name}.parquet.summary.json").read_text())["totals"]
        for name in ("out", "local")
    ]
    assert totals[0] == totals[1]


def actors(nodes):
    """The processes of the cluster that decide."""
    import psutil

    raylets = [
        info.process
        for node in nodes.list_all_nodes()
        for info in node.all_processes.get("raylet", [])
    ]
    below = [
        child for raylet in raylets for child in psutil.Process(raylet.pid).children(recursive=True)
    ]
    return [child for child in below if "Scorer" in " ".join(child.cmdline())]


@pytest.mark.slow
def test_a_cluster_gives_what_one_machine_gives_in_a_folder_too(nodes, model, source, tmp_path):
    keramos.score(model, source, tmp_path / "local", keep=("id",))
    done = command(
        "score", model, source, "-o", "out/", "--keep", "id", "--engine", "ray", "--ray-address",
        nodes.address,
        cwd=tmp_path,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    ours, local = (pq.read_table(tmp_path / name).sort_by("id") for name in ("out", "local"))
    assert ours.equals(local)


@pytest.mark.slow
def test_a_bad_row_ends_the_run_with_the_message_of_one_machine(nodes, model, tmp_path):
    with_bad_rows(tmp_path / "in.csv", 300_000, 1)
    call = ["score", model, "in.csv", "-o", "out.csv"]
    local = command(*call, cwd=tmp_path)
    done = command(*call, "--engine", "ray", "--ray-address", nodes.address, cwd=tmp_path)

    assert done.returncode == local.returncode == 1
    said, wanted = (
        [line for line in run.stderr.splitlines() if "column 'x1'" in line] for run in (done, local)
    )
    assert said == wanted != []
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.slow
def test_a_killed_actor_loses_and_doubles_nothing(nodes, model, source, tmp_path):
    process = begin(nodes, tmp_path, model, source)
    for actor in actors(nodes)[:1]:
        actor.send_signal(signal.SIGKILL)
        killed = actor.pid
    finish(process)

    assert killed
    check(tmp_path, model, source)


@pytest.mark.slow
def test_a_lost_node_loses_and_doubles_nothing(nodes, model, source, tmp_path):
    process = begin(nodes, tmp_path, model, source)
    nodes.remove_node(next(iter(nodes.worker_nodes)), allow_graceful=False)
    alive = process.poll() is None
    finish(process)
    nodes.add_node(num_cpus=1, object_store_memory=100 << 20)

    assert alive
    check(tmp_path, model, source)


@pytest.mark.slow
def test_each_engine_goes_on_where_the_other_was_killed(nodes, model, source, tmp_path):
    process = begin(nodes, tmp_path, model, source)
    process.send_signal(signal.SIGKILL)
    with process:
        pass
    done = command(
        "score", model, source, "-o", "out.parquet", "--keep", "id", "--resume", cwd=tmp_path
    )

    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out.parquet.summary.json").read_text())["resumed"]
    check(tmp_path, model, source)
