"""Queries in and tables out, over real databases."""

from urllib.parse import quote

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keramos.errors import DataError, KeramosError, SaveError, UsageError
from keramos.scoring.database import database
from keramos.scoring.sql import query_result, staged_table
from support.postgresql import PASSWORD, WRITTEN, execute

ROWS = pa.table(
    {
        "id": [1, 2, 3],
        "label": pa.array(["a", "b", "a"]).dictionary_encode(),
        "score": [0.5, None, 1.5],
    }
)


@pytest.fixture
def url(database_url):
    return database_url


def read(url, query):
    with query_result(url, query) as result:
        return pa.Table.from_batches(list(result.batches), result.schema)


def write(url, rows, table="t", **options):
    with staged_table(url, table, **options) as staged:
        staged.begin(rows.schema)
        for batch in rows.to_batches(max_chunksize=2):
            staged.write(batch)
        staged.publish()


def test_a_table_written_is_the_table_read(url):
    write(url, ROWS, 'o\'dd "name"')

    got = read(url, 'SELECT * FROM "o\'dd ""name""" ORDER BY id;')

    assert got.to_pydict() == ROWS.to_pydict()


def test_no_row_is_seen_before_all_are_there_and_none_stays_without_publishing(url):
    write(url, ROWS)
    with staged_table(url, "t", if_exists="replace") as staged:
        staged.begin(ROWS.schema)
        staged.write(ROWS.to_batches()[0])
        assert read(url, "SELECT * FROM t").num_rows == 3
    with staged_table(url, "other") as staged:
        staged.begin(ROWS.schema)
        with pytest.raises(DataError, match="other"):
            read(url, "SELECT * FROM other")

    assert read(url, "SELECT * FROM t").num_rows == 3
    with pytest.raises(DataError, match="other"):
        read(url, "SELECT * FROM other")


def test_an_existing_table_is_refused_extended_or_replaced_as_told(url):
    write(url, ROWS)

    with pytest.raises(UsageError, match=r"table t exists.*--if-exists"):
        write(url, ROWS)
    write(url, ROWS.select(["score", "id"]), if_exists="append")
    assert read(url, "SELECT id, label FROM t ORDER BY id, label").to_pydict() == {
        "id": [1, 1, 2, 2, 3, 3],
        "label": read(url, "SELECT label FROM t ORDER BY id, label").column(0).to_pylist(),
    }
    write(url, ROWS.select(["id"]), if_exists="replace")
    assert read(url, "SELECT * FROM t").column_names == ["id"]
    assert read(url, "SELECT * FROM t").num_rows == 3


def test_a_table_that_lacks_a_column_refuses_rows_before_the_work(url):
    execute(url, "CREATE TABLE t (id bigint)")

    with (
        staged_table(url, "t", if_exists="append") as staged,
        pytest.raises(SaveError, match="label"),
    ):
        staged.begin(ROWS.schema)


def test_a_query_may_read_the_database_that_its_result_goes_to(url):
    write(url, ROWS)
    with query_result(url, "SELECT * FROM t") as result, staged_table(url, "copy") as staged:
        staged.begin(result.schema)
        for batch in result.batches:
            staged.write(batch)
        staged.publish()

    assert read(url, "SELECT * FROM copy").num_rows == 3


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT nothing FROM t", "nothing"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELEC 1", "syntax error"),
        ("DELETE FROM t", "syntax error"),
        ("SELECT 1; DROP TABLE t", "syntax error"),
        (
            "SELECT id AS a, score AS a FROM t",
            "column 'a': the query gives the column more than once",
        ),
    ],
)
def test_a_query_that_is_none_is_refused_in_the_databases_words(url, query, words):
    write(url, ROWS)

    with pytest.raises(DataError, match=words), query_result(url, query):
        pass

    assert read(url, "SELECT * FROM t").num_rows == 3


def test_a_stream_that_breaks_says_after_how_many_rows(postgres):
    query = (
        "SELECT 1 / (i - 900000) AS a, repeat('x', 100) AS b FROM generate_series(1, "
        "1000000) AS s(i)"
    )

    with (
        query_result(postgres.url, query) as result,
        pytest.raises(DataError, match=r"division by zero.*after [1-9]"),
    ):
        list(result.batches)


def test_postgresql_numbers_dates_and_texts_arrive_in_plain_types(postgres):
    query = (
        "SELECT 1.25::numeric(10, 2) AS n, 7::smallint AS i, 0.5::real AS r, true AS b, DATE "
        "'2024-02-29' AS d, "
        "TIMESTAMP '2024-02-29 12:00' AS ts, 'x'::varchar AS t, '{}'::jsonb AS j"
    )

    schema = read(postgres.url, query).schema

    assert [str(kind) for kind in schema.types] == [
        "string", "int16", "float", "bool", "date32[day]", "timestamp[us]", "string", "string",
    ]  # fmt: skip


def test_a_column_of_sqlite_may_begin_with_any_number_of_nulls(tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    rows = 70_000
    execute(
        url,
        "CREATE TABLE t (i integer, late text, later real, never text)",
        "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 70000) "
        "INSERT INTO t SELECT i, iif(i < 70000, NULL, 'x'), iif(i < 70000, NULL, 2.5), NULL FROM s",
    )

    got = read(url, "SELECT * FROM t ORDER BY i -- by number")

    assert got.num_rows == rows
    assert got.column("i").to_pylist() == list(range(1, rows + 1))
    assert got.slice(rows - 1).to_pylist() == [
        {"i": rows, "late": "x", "later": 2.5, "never": None}
    ]
    assert got.column("late").null_count == got.column("later").null_count == rows - 1


def test_a_column_of_sqlite_that_changes_its_mind_is_refused_with_advice(tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    execute(
        url,
        "CREATE TABLE t (c)",
        "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 70000) "
        "INSERT INTO t SELECT iif(i < 70000, i, 'x') FROM s",
    )

    with pytest.raises(DataError, match=r'after 65,536 rows.*CAST\("c" AS TEXT\) AS "c"'):
        read(url, "SELECT c FROM t")
    assert read(url, 'SELECT CAST("c" AS TEXT) AS "c" FROM t').num_rows == 70_000


def test_types_that_a_database_lacks_become_text_or_are_refused_by_name(url):
    odd = pa.table(
        {"d": pa.array(["1.50"]).cast(pa.decimal128(5, 2)), "t": pa.array([1], pa.time64("us"))}
    )

    write(url, odd)

    assert float(read(url, "SELECT d FROM t").column(0)[0].as_py()) == 1.5
    with pytest.raises(UsageError, match=r"column 'l'.*received type list"):
        write(url, pa.table({"l": [[1, 2]]}), "u")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("x.db", "no database URL"),
        ("mysql://me:secret@host/db", "'mysql://'"),
        ("sqlite://x.db", "names a file"),
        ("sqlite://me:secret@x/y.db", "names a file"),
        ("sqlite:///", "names a file"),
    ],
)
def test_a_url_that_names_no_database_is_refused_with_an_example(url, words):
    with pytest.raises(UsageError, match=words) as refused:
        database(url)

    assert "sqlite:///folder/file.db" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_file_that_is_not_there_is_neither_read_nor_made(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        read(f"sqlite:///{tmp_path / 'absent.db'}", "SELECT 1")
    with pytest.raises(DataError, match=r"folder .*absent does not exist"):
        write(f"sqlite:///{tmp_path / 'absent' / 'x.db'}", ROWS)
    (tmp_path / "not.db").write_text("this is no database" * 100)
    with pytest.raises(DataError, match="not a database"):
        read(f"sqlite:///{tmp_path / 'not.db'}", "SELECT 1")

    assert [path.name for path in tmp_path.iterdir()] == ["not.db"]


def test_messages_never_hold_a_password_however_it_is_written(postgres):
    host = f"127.0.0.1:{postgres.port}/postgres"
    for user in (
        f"owner:x{WRITTEN}",
        f"owner:{PASSWORD}",
        f"nobody:{WRITTEN}",
        "owner:pa%3Ass%2",
        f":{WRITTEN}",
    ):
        with pytest.raises(KeramosError) as refused:
            read(f"postgresql://{user}@{host}", "SELECT 1")
        assert not any(
            piece in str(refused.value)
            for piece in (PASSWORD, WRITTEN, "w@rd", "pa%3A", "pa:ss", "w%40rd")
        )
        assert refused.value.__cause__ is None

    with pytest.raises(DataError, match="wrong") as refused:
        read(f"postgresql://owner@{host}?password=s3cretly&wrong=1", "SELECT 1")
    assert "s3cretly" not in str(refused.value)


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1), st.booleans())
def test_what_people_see_of_a_database_has_no_password(password, option):
    written = quote(password, safe="")
    url = (
        f"postgresql://me@host:1/db?password={written}"
        if option
        else f"postgresql://me:{written}@host:1/db?a=b"
    )

    source = database(url)

    assert source.shown == "postgresql://host:1/db"
    assert (
        source.clean(f"<{password}> <{written}> <{url}>") == "<***> <***> <***>"
        or len(password) < 4
    )
    assert url not in repr(source)


def test_a_missing_right_is_told_before_the_work(postgres):
    execute(postgres.url, "CREATE ROLE reader LOGIN PASSWORD 'reader'")
    try:
        url = f"postgresql://reader:reader@127.0.0.1:{postgres.port}/postgres"
        with (
            staged_table(url, "t") as staged,
            pytest.raises(SaveError, match=r"permission denied|no schema has been selected"),
        ):
            staged.begin(ROWS.schema)
    finally:
        execute(postgres.url, "DROP ROLE reader")


def test_text_that_postgresql_cannot_hold_loses_nothing(postgres):
    with pytest.raises(SaveError, match="0x00"):
        write(postgres.url, pa.table({"x": ["a\0b"]}), "nul")
    with pytest.raises(DataError, match="nul"):
        read(postgres.url, "SELECT * FROM nul")


def test_a_table_may_be_in_a_schema(postgres):
    execute(postgres.url, "CREATE SCHEMA other")
    try:
        write(postgres.url, ROWS, "other.t")
        assert read(postgres.url, "SELECT * FROM other.t").num_rows == 3
    finally:
        execute(postgres.url, "DROP SCHEMA other CASCADE")


def test_every_refusal_is_one_of_keramos(url):
    with pytest.raises(KeramosError):
        write(url, ROWS, "")
