"""Held-out quality of the default network beside linear models and constant guesses, same split,
same prepared rows.

Needs scikit-learn and the tables of ../shared/datasets (skips with a message where they are
absent).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score

import keramos
from keramos.compile.emit import compile_network
from keramos.data.conform import conform
from keramos.data.read import as_table
from keramos.data.target import encode_target
from keramos.prepare.feeds import feeds
from keramos.prepare.front import front
from keramos.runtime.session import Session

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
SEEDS = (0, 1, 2)
AUC_MARGIN, RMSE_MARGIN = 0.03, 1.1


def _auc(y: np.ndarray, scores: np.ndarray) -> float:
    if scores.ndim == 1 or scores.shape[1] == 1:
        return float(roc_auc_score(y, scores.reshape(-1)))
    return float(roc_auc_score(y, scores / scores.sum(1, keepdims=True), multi_class="ovr"))


def compare(path: Path, target: str, seed: int) -> tuple[str, float, float, float, float]:
    """(metric, model, linear, first metric of the file, its baseline) for one table and seed."""
    run = keramos.train(path, target, plan=keramos.TrainingPlan(seed=seed))
    schema, preparation, parts = run.content.schema, run.content.preparation, run.split
    typed = conform(as_table(path), schema, need_target=True).table
    fed = feeds(typed, preparation).feeds
    matrix = Session(compile_network(front(preparation))).run(fed)[0]
    y = encode_target(typed.columns[target], schema.target).reshape(-1)
    held = parts.held_out
    answer = Session(compile_network(run.network)).run(
        {name: array[held] for name, array in fed.items()}
    )[0]
    first = run.content.metrics[0]
    if schema.target.task == "regression":
        linear = (
            LinearRegression().fit(matrix[parts.training], y[parts.training]).predict(matrix[held])
        )
        mine, theirs = (
            float(np.sqrt(np.mean((a.reshape(-1) - y[held]) ** 2))) for a in (answer, linear)
        )
        return "rmse", mine, theirs, first.value, first.baseline
    linear = (
        LogisticRegression(max_iter=1000)
        .fit(matrix[parts.training], y[parts.training])
        .predict_proba(matrix[held])
    )
    theirs = _auc(y[held], linear if linear.shape[1] > 2 else linear[:, 1])  # noqa: PLR2004 (two classes)
    return "auc", _auc(y[held], answer), theirs, first.value, first.baseline


def main() -> None:
    """Print one line a table, averaged over seeds."""
    if not DATA.is_dir():
        print("skipped: the tables are not beside the repository")
        sys.exit()
    near = better = 0
    print(
        f"{'table':<22} {'metric':<6} {'keramos':>9} {'linear':>9}  {'file metric':>11} "
        f"{'guess':>9}  within margin"
    )
    for name, target in TARGETS.items():
        seeds = SEEDS[:1] if name.endswith(".parquet") else SEEDS
        rows = [compare(DATA / name, target, seed) for seed in seeds]
        metric = rows[0][0]
        mine, theirs, value, guess = (
            float(np.mean([row[i] for row in rows])) for i in (1, 2, 3, 4)
        )
        within = mine >= theirs - AUC_MARGIN if metric == "auc" else mine <= theirs * RMSE_MARGIN
        near += within
        better += value >= guess if metric == "auc" else value <= guess
        numbers = f"{mine:>9.4f} {theirs:>9.4f}  {value:>11.4f} {guess:>9.4f}"
        print(f"{name:<22} {metric:<6} {numbers}  {'yes' if within else 'NO'}")
    print(
        f"{near} of {len(TARGETS)} within 0.03 AUC or 10 % RMSE of linear; {better} at least as "
        "good as a guess"
    )


if __name__ == "__main__":
    main()
