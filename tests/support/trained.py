"""Trainings that many tests look at."""


def credit():
    """One training on the shipped table."""
    from keramos.datasets import GERMAN_CREDIT
    from keramos.pipeline.train import train

    return train(GERMAN_CREDIT, "risk", recipe="tutorial")


def three_numbers(folder):
    """A model of three numbers, as ``m.h5``."""
    import numpy as np

    import keramos

    rng = np.random.default_rng(0)
    table = {f"x{i}": rng.random(300) for i in range(3)}
    table["y"] = np.where(sum(table.values()) > 1.5, "yes", "no")
    plan = keramos.TrainingPlan(recipe="tutorial", epochs=1, hidden=(4,))
    keramos.train(table, "y", plan=plan).save(folder / "m.h5")
