"""Workbooks train, predict and score like the same table as CSV."""

import datetime as dt
import io
import warnings
import zipfile

import numpy as np
import pytest

import keramos
from keramos.data.read import as_table
from keramos.errors import DataError, RowError

openpyxl = pytest.importorskip("openpyxl")


def saved(path, rows, **sheets):
    """A workbook with a sheet ``Data``, and others by name."""
    book = openpyxl.Workbook()
    book.active.title = "Data"
    for row in rows:
        book.active.append(row)
    for name, others in sheets.items():
        sheet = book.create_sheet(name)
        for row in others:
            sheet.append(row)
    book.save(path)
    return path


def table(rows=60):
    kinds = ("car", "house", None)
    return [
        ["amount", "purpose", "rate", "since", "own", "risk"],
        *(
            [
                1000 + 7 * n,
                kinds[n % 3],
                n / 8 + 0.5,
                dt.date(2024, 1, 1 + n % 28),
                n % 2 == 0,
                ("good", "bad")[n // 3 % 2],
            ]
            for n in range(rows)
        ),
    ]


def as_csv(path, rows):
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    path.write_text("\n".join(map(",".join, texts)) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    saved(folder / "t.xlsx", table(), Empty=[])
    as_csv(folder / "t.csv", table())
    run = keramos.train(folder / "t.xlsx", "risk", recipe="linear")
    run.save(folder / "m.keras")
    return folder


def test_a_workbook_trains_the_model_of_the_same_csv(files):
    kinds = [
        [(one.name, one.kind) for one in keramos.train(files / name, "risk", recipe="linear")
         .content.schema.columns]
        for name in ("t.xlsx", "t.csv")
    ]  # fmt: skip
    assert kinds[0] == kinds[1]


def test_it_is_decided_and_scored_as_the_same_csv_is(files):
    model = keramos.load(files / "m.keras")
    assert model.decide(files / "t.xlsx") == model.decide(files / "t.csv")
    for name in ("t.xlsx", "t.csv"):
        keramos.score(model, files / name, files / f"out-{name[2:]}.csv", keep=["amount", "since"])
    found = [(files / f"out-{kind}.csv").read_text() for kind in ("xlsx", "csv")]
    assert found[0].replace('"', "") == found[1].replace('"', "")


def test_cells_of_several_types_keep_their_own(tmp_path):
    path = saved(tmp_path / "m.xlsx", [["a", "b"], [1, "x"], ["1,5", 2.5], [None, 3], [2.5, True]])
    found = as_table(path).columns
    assert found["a"].values.tolist()[:2] == [1, "1,5"]
    assert found["a"].missing.tolist() == [False, False, True, False]
    assert found["b"].values.tolist() == ["x", 2.5, 3, True]


def test_a_bad_cell_is_named_by_row_and_column(files, tmp_path):
    rows = table()
    rows[3][0] = "a lot"
    with pytest.raises(RowError, match=r"row 3, column 'amount'.*'a lot'"):
        keramos.load(files / "m.keras").decide(saved(tmp_path / "bad.xlsx", rows))


def test_what_counts_as_missing_or_is_not_read_is_said(tmp_path):
    rows = [["a", "b"], [1, "=A2+1"], [2, "#DIV/0!"]]
    path = saved(tmp_path / "f.xlsx", rows, Notes=[["x"]])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        as_table(path)
    words = " ".join(str(one.message) for one in said)
    assert "1 cell(s) hold an error such as #DIV/0!" in words
    assert "1 cell(s) are formulas that no program has computed" in words
    assert "'Notes' are not" in words


def bomb(members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a readable .xlsx"),
        (b"a,b\n1,2\n", "not a readable .xlsx"),
        (bomb({"a.txt": b"x"}), "not a readable .xlsx"),
        (bomb({"xl/big.xml": bytes(40 << 20)}), "unpacks to more than"),
    ],
)
def test_what_is_no_workbook_is_refused(data, words, tmp_path, monkeypatch):
    monkeypatch.setattr("keramos.data.excel.MAX_BYTES", 30 << 20)
    (tmp_path / "x.xlsx").write_bytes(data)
    with pytest.raises(DataError, match=words):
        as_table(tmp_path / "x.xlsx")


def test_a_part_that_states_a_false_size_is_refused(tmp_path):
    data = bytearray(saved(tmp_path / "t.xlsx", table()).read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = np.uint32(1).tobytes()
    (tmp_path / "x.xlsx").write_bytes(data)
    with pytest.raises(DataError, match="not a readable"):
        as_table(tmp_path / "x.xlsx")


def test_a_workbook_without_cells_and_a_name_twice_are_refused(tmp_path):
    with pytest.raises(DataError, match="holds no cells"):
        as_table(saved(tmp_path / "e.xlsx", []))
    with pytest.raises(DataError, match="appears 2 times"):
        as_table(saved(tmp_path / "d.xlsx", [["a", "a"], [1, 2]]))
