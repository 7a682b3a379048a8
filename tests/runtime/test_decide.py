"""Scores and rules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keramos.runtime.decide import decide
from keramos.types.training import DecisionRule


@given(st.floats(0, 1, width=32), st.floats(0, 1))
def test_a_score_at_or_above_the_threshold_is_the_positive_class(score, threshold):
    rule = DecisionRule("threshold", "", ("no", "yes"), threshold)

    (decision,) = decide(np.array([[score]], "float32"), rule)

    assert decision.label == ("yes" if score >= np.float32(threshold) else "no")
    assert decision.score == score


@given(st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3))
def test_the_largest_score_wins_and_the_first_of_equals(scores):
    (decision,) = decide(np.array([scores], "float32"), DecisionRule("argmax", "", ("a", "b", "c")))

    assert decision.label == "abc"[int(np.argmax(np.array(scores, "float32")))]


def test_a_value_is_the_answer_and_the_rule_says_its_unit():
    (decision,) = decide(np.array([[12.5]], "float32"), DecisionRule("value", "", unit="MPa"))

    assert decision.label == pytest.approx(12.5)
    assert "12.5 MPa" in decision.rule
