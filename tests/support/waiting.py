"""PendingRequest for a condition, not for a time."""

import time


def until(holds, seconds=60, pause=0.02):
    """Wait until a condition holds and give what it gave; fail when the time is over."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, f"still waiting after {seconds} s"
        time.sleep(pause)
    return found
