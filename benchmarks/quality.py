"""Held-out quality of the recipes beside boosted trees of other libraries, on the same splits.

HistGradientBoosting of scikit-learn always; LightGBM and CatBoost where they are installed. Needs
the tables of ../shared/datasets (skips with a message where they are absent). ``--splits N``,
``--rows N`` (larger tables are sampled), ``--recipes NAMES``, names of tables. ``--out FILE`` keeps
each split as a line of JSON and goes on where it ended.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import roc_auc_score

import keramos
from keramos.data.conform import conform
from keramos.data.read import as_table
from keramos.data.target import encode_target
from keramos.tabular.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

Found = dict[str, tuple[float, float, int]]
"""Name of a recipe or a peer -> its score, processor seconds and bytes of its file."""

DATA = Path(__file__).parents[2] / "shared" / "datasets"
TARGETS = {
    "apartments.csv": "m2_price",
    "autompg.csv": "mpg",
    "breast_cancer.csv": "target",
    "concrete.csv": "compressive_strength",
    "credit_data.csv": "Status",
    "diamonds.parquet": "price",
    "flights_late.parquet": "late",
    "german_credit.csv": "risk",
    "iris.csv": "target",
    "mlc_churn.csv": "churn",
    "penguins.csv": "species",
    "segment.csv": "category",
    "titanic.csv": "survived",
    "wine.csv": "target",
}
RECIPES = ("tutorial", "linear", "network", "trees", "auto")
MOST_LEVELS = 250  # what HistGradientBoosting takes as categories


def score(task: str, y: np.ndarray, answer: np.ndarray) -> float:
    """AUC, accuracy, or the negative RMSE: higher is better."""
    if task == "regression":
        return -float(np.sqrt(np.mean((answer.reshape(-1) - y) ** 2)))
    if task == "binary":
        return float(roc_auc_score(y, answer.reshape(-1)))
    return float(np.mean(answer.argmax(axis=1) == y))


def sampled(path: Path, rows: int) -> dict[str, np.ndarray]:
    """The columns of a table, of at most so many rows; None where a cell is missing."""
    table = as_table(path)
    index = np.arange(table.rows)
    if table.rows > rows:
        index = np.sort(np.random.default_rng(0).permutation(table.rows)[:rows])
    found = {}
    for name, column in table.columns.items():
        cells = column.values[index].astype(object)
        cells[column.missing[index]] = None
        found[name] = cells
    return found


class Cells(NamedTuple):
    """What the peers take: rows (n, columns) as numbers, which columns are categories, the target,
    and the rows that are trained on and held out.
    """

    x: np.ndarray
    categories: list[bool]
    y: np.ndarray
    training: np.ndarray
    held_out: np.ndarray
    task: str


class Peer(Protocol):
    """A trained model with scikit-learn's methods."""

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Answers to rows."""
        ...

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """A probability for each class."""
        ...


def cells_of(run: keramos.Run, columns: dict[str, np.ndarray], y: np.ndarray) -> Cells:
    """The columns as numbers; categories as their place in order of appearance."""
    arrays, categories = [], []
    for column in run.content.schema.columns:
        cells = columns[column.name]
        is_category = KINDS[column.kind].is_category or column.kind == "date"
        if is_category:
            known = {value: place for place, value in enumerate(dict.fromkeys(map(str, cells)))}
            cells = np.array([known[str(value)] for value in cells], float)
        categories.append(is_category)
        arrays.append(cells.astype(float))
    task = run.content.schema.target.task
    parts = run.split
    return Cells(np.column_stack(arrays), categories, y, parts.training, parts.held_out, task)


def _answers(model: Peer, cells: Cells, x: np.ndarray) -> np.ndarray:
    if cells.task == "regression":
        return np.asarray(model.predict(x))
    found = model.predict_proba(x)
    return np.asarray(found[:, 1] if cells.task == "binary" else found)


def hist_gradient_boosting(cells: Cells) -> np.ndarray:
    """What scikit-learn's boosting answers to the held-out rows."""
    x = cells.x.copy()
    x[:, cells.categories] %= MOST_LEVELS
    number = cells.task == "regression"
    kind = HistGradientBoostingRegressor if number else HistGradientBoostingClassifier
    model = kind(categorical_features=cells.categories, random_state=0)
    model.fit(x[cells.training], cells.y[cells.training])
    return _answers(model, cells, x[cells.held_out])


def lightgbm(cells: Cells) -> np.ndarray:
    """What LightGBM answers with its defaults."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMRegressor if cells.task == "regression" else LGBMClassifier
    model = kind(n_jobs=1, verbose=-1, random_state=0)
    marks = [at for at, marked in enumerate(cells.categories) if marked]
    model.fit(cells.x[cells.training], cells.y[cells.training], categorical_feature=marks or "auto")
    return _answers(model, cells, cells.x[cells.held_out])


def catboost(cells: Cells) -> np.ndarray:
    """What CatBoost answers with its defaults."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostRegressor if cells.task == "regression" else CatBoostClassifier
    marks = [at for at, marked in enumerate(cells.categories) if marked]
    x = cells.x.astype(object)
    x[:, marks] = x[:, marks].astype(int)
    model = kind(thread_count=1, verbose=False, random_seed=0, allow_writing_files=False)
    model.fit(x[cells.training], cells.y[cells.training], cat_features=marks)
    return _answers(model, cells, x[cells.held_out])


PEERS = {"HistGB": hist_gradient_boosting} | {
    name: peer
    for name, peer in {"LightGBM": lightgbm, "CatBoost": catboost}.items()
    if find_spec(name.lower())
}


def compare(path: Path, target: str, seed: int, rows: int, recipes: Sequence[str]) -> Found:
    """Score, processor seconds and bytes of the file of each recipe, and of the peers."""
    columns = sampled(path, rows)
    found: Found = {}
    for recipe in recipes:
        begun = process_time()
        run = keramos.train(columns, target, seed=seed, recipe=recipe, engine="numpy")
        seconds = process_time() - begun
        with tempfile.TemporaryDirectory() as folder:
            run.save(Path(folder, "m.h5"))
            size = Path(folder, "m.h5").stat().st_size
            model = keramos.load(Path(folder, "m.h5"))
            held_out = {n: c[run.split.held_out] for n, c in columns.items() if n != target}
            fed = model.feeds(
                [
                    dict(zip(held_out, row, strict=True))
                    for row in zip(*held_out.values(), strict=True)
                ]
            )
        y = encoded(run, columns)
        task = run.content.schema.target.task
        found[recipe] = score(task, y[run.split.held_out], model.run(fed)[0]), seconds, size
    cells = cells_of(run, columns, y)
    for name, peer in PEERS.items():
        begun = process_time()
        answer = peer(cells)
        found[name] = score(task, y[cells.held_out], answer), process_time() - begun, 0
    return found


def encoded(run: keramos.Run, columns: dict[str, np.ndarray]) -> np.ndarray:
    """The target as numbers."""
    schema = run.content.schema
    typed = conform(as_table(columns), schema, need_target=True).table
    return encode_target(typed.columns[schema.target.name], schema.target).reshape(-1)


def known(path: Path | None) -> dict[tuple[str, int], Found]:
    """What a file of earlier splits holds."""
    if path is None or not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {(line["table"], line["seed"]): line["found"] for line in lines}


def print_table(table: str, runs: Sequence[Found], names: Sequence[str]) -> None:
    """One line: means over splits, what ``auto`` costs, and the size of its file."""
    shown = "".join(f"{np.mean([run[name][0] for run in runs]):>10.4g}" for name in names)
    seconds = float(np.mean([run["auto"][1] for run in runs]))
    size = max(run["auto"][2] for run in runs) / 1024
    print(f"{table:<22}{shown} {seconds:>7.1f} {size:>6.0f} {len(runs):>7}")


def print_verdict(name: str, runs: Sequence[Sequence[Found]]) -> None:
    """On how many tables ``auto`` is better than another, and on how many better or level."""
    better = level = worse = 0
    for splits in runs:
        differences = np.array([run["auto"][0] - run[name][0] for run in splits])
        error = float(differences.std(ddof=1) / len(splits) ** 0.5) if len(splits) > 1 else 0.0
        better += differences.mean() > 0
        level += differences.mean() >= -error
        worse += differences.mean() < -2 * error
    print(
        f"auto and {name}: better on {better} of {len(runs)}, better or level (1 se) on {level}, "
        f"worse by more than 2 se on {worse}"
    )


def main() -> None:
    """Print one line a table, averaged over splits."""
    parser = argparse.ArgumentParser()
    parser.add_argument("tables", nargs="*", default=list(TARGETS))
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--recipes", default=",".join(RECIPES))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if not DATA.is_dir():
        print("skipped: the tables are not beside the repository")
        sys.exit()
    recipes, done = options.recipes.split(","), known(options.out)
    for seed in range(options.splits):
        for table in options.tables:
            if (table, seed) in done:
                continue
            found = compare(DATA / table, TARGETS[table], seed, options.rows, recipes)
            done[table, seed] = found
            if options.out is not None:
                with options.out.open("a") as file:
                    file.write(json.dumps({"table": table, "seed": seed, "found": found}) + "\n")
    names = (*recipes, *PEERS)
    print("AUC (two classes), accuracy (more), -RMSE (numbers): means over splits")
    heads = "".join(f"{name:>10}" for name in names)
    print(f"{'table':<22}{heads}  auto s    KiB  splits")
    runs = {table: [done[key] for key in done if key[0] == table] for table in options.tables}
    for table in options.tables:
        print_table(table, runs[table], names)
    for name in names:
        if name != "auto":
            print_verdict(name, list(runs.values()))


if __name__ == "__main__":
    main()
