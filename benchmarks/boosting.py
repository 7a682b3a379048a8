"""Boosting beside HistGradientBoosting of scikit-learn: CPU seconds of 100 rounds and AUC on fresh
rows, one thread each.

Needs scikit-learn. Set OMP_NUM_THREADS=1 before it starts.
"""

from __future__ import annotations

import sys
from time import process_time

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from keramos.evaluate.metrics import auc
from keramos.platform.blas import one_thread
from keramos.training.boosting.boosting import BoostingPlan, Sample, boost
from keramos.training.boosting.objectives import Logistic

ROUNDS, FRESH = 100, 20_000
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def drawn(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten numbers a row and a class that depends on five of them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 10)).astype("float32")
    signal = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + 0.5 * x[:, 3] + np.abs(x[:, 4]) - 0.8
    return x, (signal + 0.6 * rng.logistic(size=rows) > 0).astype(float)


def main() -> None:
    """Print one line a size."""
    print(f"{'rows':>9} {'keramos, s':>11} {'HistGB, s':>10} {'AUC':>7} {'HistGB':>7}")
    for rows in map(int, sys.argv[1:]) if sys.argv[1:] else SIZES:
        x, y = drawn(rows + FRESH)
        begun = process_time()
        with one_thread():
            found = boost(
                Sample(list(x[:rows].T), y[:rows]), Logistic(), BoostingPlan(rounds=ROUNDS)
            )
        mine = process_time() - begun
        begun = process_time()
        peer = HistGradientBoostingClassifier(max_iter=ROUNDS, early_stopping=False)
        peer.fit(x[:rows], y[:rows])
        theirs = process_time() - begun
        scores = (found.forest.scores(list(x[rows:].T))[:, 0], peer.decision_function(x[rows:]))
        judged = [auc(y[rows:], score) for score in scores]
        print(f"{rows:>9} {mine:>11.2f} {theirs:>10.2f} {judged[0]:>7.4f} {judged[1]:>7.4f}")


if __name__ == "__main__":
    main()
