"""What became of a scoring job, in a process with or without Arrow."""

import msgspec

from keramos.errors import KeramosError
from keramos.scoring.run import score


def outcome(model, source, target):
    """What a job gives: its counts, or its refusal."""
    try:
        done = score(model, source, target, keep=("id",), on_error="skip", part_rows=20)
    except KeramosError as error:
        return [error.code, str(error)]
    return msgspec.to_builtins(done.totals)
