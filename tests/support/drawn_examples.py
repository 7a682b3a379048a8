"""What hypothesis draws: the same in every run, or new examples each time."""

import hypothesis
from hypothesis.internal.conjecture import providers

SAME, EXPLORE = "same", "explore"


def register():
    """The two profiles; ``--hypothesis-profile=explore`` chooses the second."""
    hypothesis.settings.register_profile(SAME, derandomize=True, deadline=None, print_blob=True)
    hypothesis.settings.register_profile(EXPLORE, deadline=None, print_blob=True)
    hypothesis.settings.load_profile(SAME)


def forget_constants():
    """Hypothesis also draws constants of the modules of keramos that are imported so far.

    Which these are depends on the tests that ran before in the same process, so examples would not
    be the same in every run.
    """
    none = providers._local_constants.__class__()  # noqa: SLF001 (there is no setting for it)
    providers._get_local_constants = lambda: none  # noqa: SLF001 (the same)
