"""Plain Keras files, which know no columns."""

import keras
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from keras import layers

import keramos
from keramos.errors import RowError, UsageError
from support.command import keramos as command


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of networks with one input, and with two of which one takes whole numbers; and a
    table.
    """
    place = tmp_path_factory.mktemp("plain")
    keras.utils.set_random_seed(1)
    one = keras.Sequential([keras.Input((3,)), layers.Dense(4, "relu"), layers.Dense(1, "sigmoid")])
    one.save(place / "one.keras")
    numbers, code = keras.Input((2,), name="numbers"), keras.Input((1,), dtype="int32", name="code")
    met = layers.Concatenate()([numbers, layers.Flatten()(layers.Embedding(5, 2)(code))])
    keras.Model(
        [numbers, code],
        [layers.Dense(3, "softmax", name="kind")(met), layers.Dense(1, name="size")(met)],
    ).save(place / "two.keras")
    rng = np.random.default_rng(0)
    table = pa.table(
        {
            "id": np.arange(1000),
            "a": rng.random(1000),
            "name": ["x"] * 1000,
            "b": rng.random(1000),
            "c": rng.integers(0, 5, 1000),
        }
    )
    pq.write_table(table, place / "in.parquet", row_group_size=300)
    pa_csv.write_csv(table.drop(["name"]), place / "in.csv")
    return place


def matrix(folder, *names):
    table = pq.read_table(folder / "in.parquet")
    return np.stack([table[name].to_numpy() for name in names], 1).astype("float32")


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_as_many_columns_of_numbers_as_the_input_has_are_its_columns(folder, tmp_path, form):
    summary = keramos.score(
        folder / "one.keras", folder / f"in.{form}", tmp_path / "out.parquet", keep=("id",)
    )

    out = pq.read_table(tmp_path / "out.parquet")
    assert out.column_names == ["id", "score"]
    wanted = keras.models.load_model(folder / "one.keras").predict(
        matrix(folder, "a", "b", "c"), verbose=0
    )
    assert out["score"].to_numpy() == pytest.approx(wanted[:, 0], abs=1e-6)
    assert (summary.totals.rows, summary.totals.drift) == (1000, ())


def test_columns_are_taken_in_the_order_in_which_they_are_named(folder, tmp_path):
    done = command(
        "score",
        folder / "two.keras",
        folder / "in.parquet",
        "-o",
        "out.parquet",
        "--columns",
        "b,a,c",
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr
    out = pq.read_table(tmp_path / "out.parquet")
    assert out.column_names == ["row", "kind_0", "kind_1", "kind_2", "size"]
    model = keras.models.load_model(folder / "two.keras")
    kind, size = model.predict(
        [matrix(folder, "b", "a"), matrix(folder, "c").astype("int32")], verbose=0
    )
    assert np.stack([out[f"kind_{i}"].to_numpy() for i in range(3)], 1) == pytest.approx(
        kind, abs=1e-6
    )
    assert out["size"].to_numpy() == pytest.approx(size[:, 0], abs=1e-6)


def test_rows_that_are_no_numbers_are_listed_once_each_and_the_others_decided(folder, tmp_path):
    (tmp_path / "in.csv").write_text(
        "a,b,c\n1,2,3\nx,2,3\n1,,3\n1,2,2.5\n1,1e300,3\nnan,2,3\n4,5,1\n"
    )
    summary = keramos.score(
        folder / "two.keras",
        tmp_path / "in.csv",
        tmp_path / "out.csv",
        columns=("a", "b", "c"),
        on_error="skip",
    )

    assert (summary.totals.rows, summary.totals.decided, summary.totals.rejected) == (7, 2, 5)
    listed = pa_csv.read_csv(tmp_path / "out.rejected.csv").to_pylist()
    assert [(cell["row"], cell["column"]) for cell in listed] == [
        (2, "a"),
        (3, "b"),
        (4, "c"),
        (5, "b"),
        (6, "a"),
    ]
    with pytest.raises(RowError, match="row 2, column 'a'"):
        keramos.score(
            folder / "two.keras", tmp_path / "in.csv", tmp_path / "no.csv", columns=("a", "b", "c")
        )


def test_columns_that_nobody_can_guess_are_asked_for(folder, tmp_path):
    source = folder / "in.parquet"
    with pytest.raises(
        UsageError, match=r"takes 3 \('.*'\) numbers a row.*received 4 columns.*--columns"
    ):
        keramos.score(folder / "one.keras", source, tmp_path / "out.csv")
    with pytest.raises(UsageError, match="--columns"):
        keramos.score(folder / "two.keras", source, tmp_path / "out.csv", keep=("id",))
    with pytest.raises(UsageError, match="the model takes 3 numbers a row; received 2 columns"):
        keramos.score(folder / "one.keras", source, tmp_path / "out.csv", columns=("a", "b"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_knows_its_columns_takes_no_others(scoring_model, folder, tmp_path):
    with pytest.raises(UsageError, match="names its columns itself"):
        keramos.score(
            scoring_model, folder / "in.parquet", tmp_path / "out.csv", columns=("a", "b", "c")
        )


def test_a_file_without_the_signature_that_is_required_decides_nothing(folder, tmp_path):
    keys = command("sign", "--new-key", "owner", cwd=tmp_path)
    assert keys.returncode == 0, keys.stderr
    public = next(path for path in tmp_path.iterdir() if "pub" in path.name)
    call = [
        "score",
        folder / "one.keras",
        folder / "in.csv",
        "-o",
        tmp_path / "out.csv",
        "--keep",
        "id",
    ]
    done = command(*call, "--require-signature", public, cwd=tmp_path)

    assert done.returncode == 1
    assert "is not signed" in done.stderr
    assert not (tmp_path / "out.csv").exists()
