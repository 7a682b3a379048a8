"""Held-out quality of the recipes beside HistGradientBoosting of scikit-learn, on the same splits.

Needs scikit-learn and the tables of ../shared/datasets (skips with a message where they are
absent). ``--splits N``, ``--rows N`` (larger tables are sampled), names of tables.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from time import process_time

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import roc_auc_score

import keramos
from keramos.data.conform import conform
from keramos.data.read import as_table
from keramos.data.target import encode_target
from keramos.tabular.kinds import KINDS

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


def boosting(run: keramos.Run, columns: dict[str, np.ndarray], y: np.ndarray) -> np.ndarray:
    """What HistGradientBoosting answers to the held-out rows; categories as categories."""
    arrays, categories = [], []
    for column in run.content.schema.columns:
        cells = columns[column.name]
        is_category = KINDS[column.kind].is_category or column.kind == "date"
        if is_category:
            known = {value: place for place, value in enumerate(dict.fromkeys(map(str, cells)))}
            cells = np.array([known[str(value)] % MOST_LEVELS for value in cells], float)
        categories.append(is_category)
        arrays.append(cells.astype(float))
    x = np.column_stack(arrays)
    regression = run.content.schema.target.task == "regression"
    kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    model = kind(categorical_features=categories, random_state=0)
    model.fit(x[run.split.training], y[run.split.training])
    held_out = x[run.split.held_out]
    if regression:
        return model.predict(held_out)
    answer = model.predict_proba(held_out)
    return answer[:, 1] if run.content.schema.target.task == "binary" else answer


def compare(path: Path, target: str, seed: int, rows: int) -> dict[str, tuple[float, float, int]]:
    """Score, processor seconds and bytes of the file of each recipe, and of boosting."""
    columns = sampled(path, rows)
    found = {}
    for recipe in RECIPES:
        begun = process_time()
        run = keramos.train(
            columns, target, plan=keramos.TrainingPlan(seed=seed), recipe=recipe, engine="numpy"
        )
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
        schema = run.content.schema.target
        y = encoded(run, columns)
        answer = model.run(fed)[0]
        found[recipe] = score(schema.task, y[run.split.held_out], answer), seconds, size
    begun = process_time()
    answer = boosting(run, columns, y)
    seconds = process_time() - begun
    found["HistGB"] = score(schema.task, y[run.split.held_out], answer), seconds, 0
    return found


def encoded(run: keramos.Run, columns: dict[str, np.ndarray]) -> np.ndarray:
    """The target as numbers."""
    schema = run.content.schema
    typed = conform(as_table(columns), schema, need_target=True).table
    return encode_target(typed.columns[schema.target.name], schema.target).reshape(-1)


def main() -> None:
    """Print one line a table, averaged over splits."""
    parser = argparse.ArgumentParser()
    parser.add_argument("tables", nargs="*", default=list(TARGETS))
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--rows", type=int, default=5000)
    options = parser.parse_args()
    if not DATA.is_dir():
        print("skipped: the tables are not beside the repository")
        sys.exit()
    names = (*RECIPES, "HistGB")
    print(
        "AUC (two classes), accuracy (more), -RMSE (numbers), means over splits; d: auto - HistGB"
    )
    print(
        f"{'table':<22}"
        + "".join(f"{name:>10}" for name in names)
        + "         d ± se   auto s  HistGB s   KiB"
    )
    better = level = 0
    for table in options.tables:
        runs = [
            compare(DATA / table, TARGETS[table], seed, options.rows)
            for seed in range(options.splits)
        ]
        means = [float(np.mean([run[name][0] for run in runs])) for name in names]
        differences = np.array([run["auto"][0] - run["HistGB"][0] for run in runs])
        error = float(differences.std(ddof=1) / len(runs) ** 0.5) if len(runs) > 1 else 0.0
        better += differences.mean() > 0
        level += differences.mean() >= -2 * error
        costs = [float(np.mean([run[name][1] for run in runs])) for name in ("auto", "HistGB")]
        size = max(run["auto"][2] for run in runs) / 1024
        shown = "".join(f"{mean:>10.4g}" for mean in means)
        difference = f"{differences.mean():>8.3g} ± {error:<6.2g}"
        cost = f"{costs[0]:>6.1f} {costs[1]:>9.1f} {size:>6.0f}"
        print(f"{table:<22}{shown}  {difference} {cost}", flush=True)
    count = len(options.tables)
    print(f"auto is better than HistGB on {better} of {count}, better or level (2 se) on {level}")


if __name__ == "__main__":
    main()
