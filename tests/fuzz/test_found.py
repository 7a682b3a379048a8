"""Everything that fuzzing has found, one input each, named after what was wrong: refused now, or
read.
"""

from pathlib import Path

import pytest

from fuzz.targets import TARGETS
from fuzz.watch import examine

FOUND = sorted(Path(__file__).with_name("found").glob("*/*"))


@pytest.mark.parametrize("path", FOUND, ids=[f"{path.parent.name}-{path.name}" for path in FOUND])
def test_an_input_that_was_a_finding_is_none_any_more(path):
    finding = examine(TARGETS[path.parent.name], path.read_bytes())

    assert finding is None, finding.text
