"""Parts -> totals and the summary. The sums of the same rows are the same, however often a run was
interrupted.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from keramos.monitor.drift import DriftCounter
from keramos.types.scoring import FileCount, RuleCount, ScoringSummary, Totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.scoring.job import Job
    from keramos.scoring.journal import Part
    from keramos.types.schema import Preparation


def totals(parts: Sequence[Part], preparation: Preparation | None) -> Totals:
    """All parts together."""
    rules: Counter[tuple[str, str]] = Counter()
    files: dict[str, Counter[str]] = {}
    drift = DriftCounter(preparation) if preparation else None
    for part in parts:
        rules.update({(rule.column, rule.rule): rule.cells for rule in part.rules})
        for file in part.files:
            own = files.setdefault(file.name, Counter())
            own.update(rows=file.rows, decided=file.decided, rejected=file.rejected)
        if drift is not None:
            drift.merge(part.drift)
    counts = tuple(
        FileCount(name, n["rows"], n["decided"], n["rejected"]) for name, n in files.items()
    )
    return Totals(
        rows=sum(count.rows for count in counts),
        decided=sum(count.decided for count in counts),
        rejected=sum(count.rejected for count in counts),
        rules=tuple(RuleCount(*key, cells) for key, cells in sorted(rules.items())),
        files=counts,
        drift=drift.summary() if drift else (),
    )


def summarised(
    job: Job, parts: Sequence[Part], seconds: float, *, engine: str, resumed: bool
) -> ScoringSummary:
    """The summary of a run whose parts are all done."""
    content = job.model.content
    found = totals(parts, content.preparation if content else None)
    outputs = (
        [file.path for part in parts for file in part.outputs] if job.mirrored else [job.target]
    )
    return ScoringSummary(
        model=job.model.artifact.info.path,
        model_sha256=job.model.artifact.info.sha256,
        engine=engine,
        totals=found,
        outputs=tuple(job.beside(path) for path in outputs) if job.mirrored else (job.target,),
        rejects=job.rejects if job.plan.on_error == "skip" else "",
        seconds=round(seconds, 3),
        resumed=resumed,
        job=job.identity,
    )
