"""How the rows of today spread over each model input, and how far that is from the training
rows.
"""

from __future__ import annotations

from keramos.frozen import Frozen


class InputCounts(Frozen, frozen=True):
    """What was counted of one model input; plain integers, so that counts of other runs and
    machines add up.

    ``counts`` follows the bins of the training histogram: numbers fall into its equal widths (those
    ``below`` its first and ``above`` its last edge into the outer bins), categories into the
    vocabulary and then one bin for all others, of which ``unknown`` says the same. ``missing`` rows
    are in no bin.
    """

    input: str
    rows: int
    missing: int
    below: int
    above: int
    unknown: int
    counts: tuple[int, ...]


class InputDrift(Frozen, frozen=True):
    """One model input against its training rows.

    ``training`` and ``training_missing`` are the counts then, ``observed`` those of now. ``psi`` is
    the population stability index, ``jensen_shannon`` the divergence in bits (0 to 1), both over
    the bins and one more for missing. ``chance`` is the index that two samples of these sizes from
    one source exceed once in a thousand times; ``moved`` is true where ``psi`` is larger than that
    and than 0.2.
    """

    column: str
    observed: InputCounts
    training: tuple[int, ...]
    training_missing: int
    psi: float
    jensen_shannon: float
    chance: float
    moved: bool
