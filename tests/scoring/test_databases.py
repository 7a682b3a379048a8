"""The command between files and databases, in every mix."""

import json

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

import keramos
from keramos.errors import RowError, UsageError
from keramos.scoring.sql import query_result, staged_table
from support.command import keramos as command
from support.postgresql import WRITTEN, execute
from support.scoring_rows import expected, rows


def put(url, table, name="rows"):
    with staged_table(url, name) as staged:
        staged.begin(table.schema)
        for batch in table.to_batches(max_chunksize=700):
            staged.write(batch)
        staged.publish()


def get(url, query):
    with query_result(url, query) as result:
        return pa.Table.from_batches(list(result.batches), result.schema)


def refused(done, code, words):
    assert done.returncode == code, done.stderr
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_file_becomes_a_table_and_a_query_becomes_a_file(scoring_model, tmp_path, database_url):
    table = rows(3000)
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=700)
    to = ["--to-sql", database_url, "--table", "answers"]
    done = command(
        "score",
        scoring_model,
        "in.parquet",
        *to,
        "--keep",
        "id",
        "--part-rows",
        "900",
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr
    assert "3,000 rows = 3,000 decided + 0 rejected" in done.stderr
    assert WRITTEN not in done.stderr + (tmp_path / "answers.summary.json").read_text()
    stored = get(database_url, "SELECT id, score FROM answers ORDER BY id")
    assert stored["id"].to_pylist() == list(range(3000))
    assert stored["score"].to_numpy() == pytest.approx(expected(scoring_model, table), abs=1e-6)

    put(database_url, table)
    asked = [
        "--from-sql",
        database_url,
        "--query",
        "SELECT * FROM rows WHERE id >= 1000 ORDER BY id",
    ]
    done = command("score", scoring_model, *asked, "-o", "out.csv", "--keep", "id", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert pa_csv.read_csv(tmp_path / "out.csv")["id"].to_pylist() == list(range(1000, 3000))


def test_a_query_becomes_a_table_of_the_same_database_and_bad_rows_are_listed(
    scoring_model, tmp_path, database_url
):
    put(database_url, rows(50))
    execute(database_url, "UPDATE rows SET x1 = NULL WHERE id = 7")
    asked = ["--from-sql", database_url, "--query", "SELECT * FROM rows ORDER BY id"]
    to = ["--to-sql", database_url, "--table", "answers", "--keep", "id"]
    stopped = command("score", scoring_model, *asked, *to, cwd=tmp_path)
    refused(stopped, 1, "row 8, column 'x1'")
    done = command(
        "score", scoring_model, *asked, *to, "--on-error", "skip", "--json", cwd=tmp_path
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["totals"]["rejected"] == 1
    assert get(database_url, "SELECT count(*) AS n FROM answers")["n"].to_pylist() == [49]
    listed = pa_csv.read_csv(tmp_path / "answers.rejected.csv").to_pylist()
    assert [(cell["row"], cell["column"]) for cell in listed] == [(8, "x1")]
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix != ".db") == [
        "answers.rejected.csv",
        "answers.summary.json",
    ]


def test_a_table_that_exists_is_refused_before_the_work_extended_or_replaced(
    scoring_model, tmp_path, database_url
):
    pa_csv.write_csv(rows(10), tmp_path / "in.csv")
    call = [
        "score",
        scoring_model,
        "in.csv",
        "--to-sql",
        database_url,
        "--table",
        "answers",
        "--keep",
        "id",
    ]
    counts = []
    for more in ([], [], ["--if-exists", "append"], ["--if-exists", "replace"]):
        done = command(*call, *more, cwd=tmp_path)
        counts.append(
            (
                done.returncode,
                get(database_url, "SELECT count(*) AS n FROM answers")["n"][0].as_py(),
            )
        )

    assert counts == [(0, 10), (2, 10), (0, 20), (0, 10)]


def test_a_row_that_breaks_a_rule_leaves_the_table_as_it_was(scoring_model, tmp_path, database_url):
    (tmp_path / "in.csv").write_text("id,x0,x1,x2\n1,0.1,0.2,0.3\n2,0.1,abc,0.3\n")
    put(database_url, rows(3), "answers")
    with pytest.raises(RowError, match="column 'x1'"):
        keramos.score(
            scoring_model,
            tmp_path / "in.csv",
            keramos.DatabaseTable(database_url, "answers", if_exists="replace"),
        )

    assert get(database_url, "SELECT count(*) AS n FROM answers")["n"].to_pylist() == [3]


def test_what_is_not_said_or_said_twice_is_refused_and_no_password_is_printed(
    scoring_model, tmp_path
):
    pa_csv.write_csv(rows(10), tmp_path / "in.csv")
    bad = "postgresql://me:s3cret@127.0.0.1:1/db"
    cases = [
        (
            ["in.csv", "-o", "x.csv", "--to-sql", bad, "--table", "t"],
            2,
            "name where answers go",
        ),
        (["-o", "x.csv"], 2, "name what to score"),
        (
            ["in.csv", "--from-sql", bad, "--query", "SELECT 1", "-o", "x.csv"],
            2,
            "name what to score",
        ),
        (["--from-sql", bad, "-o", "x.csv"], 2, "--from-sql and --query go together"),
        (["in.csv", "--to-sql", bad], 2, "--to-sql and --table go together"),
        (["in.csv", "--to-sql", "mysql://me:s3cret@host/db", "--table", "t"], 2, "'mysql://'"),
        (
            ["in.csv", "--to-sql", bad, "--table", "t"],
            1,
            "postgresql://127.0.0.1:1/db: cannot be opened",
        ),
        (["--from-sql", bad, "--query", "SELECT 1", "-o", "x.csv"], 1, "cannot be opened"),
        (
            ["--from-sql", "sqlite:///no.db", "--query", "SELECT 1", "-o", "x.csv"],
            1,
            "no.db: the file does not exist",
        ),
        (
            ["--from-sql", bad, "--query", "SELECT 1", "-o", "x.csv", "--resume"],
            2,
            "cannot be resumed",
        ),
        (
            ["in.csv", "--to-sql", bad, "--table", "t", "--if-exists", "append", "--resume"],
            2,
            "cannot be resumed",
        ),
    ]
    for arguments, code, words in cases:
        done = command("score", scoring_model, *arguments, cwd=tmp_path)
        refused(done, code, words)
        assert "s3cret" not in done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_query_that_lacks_a_column_of_the_model_is_refused_by_name(scoring_model, database_url):
    put(database_url, rows(3))
    query = keramos.Query(database_url, "SELECT id, x0 FROM rows")

    with pytest.raises(keramos.errors.DataError, match=r"lacks 2 columns: 'x1', 'x2'"):
        keramos.score(scoring_model, query, "unused.csv")
    with pytest.raises(UsageError, match="engine"):
        keramos.score(scoring_model, query, "unused.csv", engine="none")
