"""Observations agree with the numbers they speak of."""

import re

from hypothesis import given
from hypothesis import strategies as st

from keramos.evaluate.observations import observe, rising_epochs

losses = st.tuples(st.floats(0.01, 10), st.floats(0.01, 10))


@given(losses)
def test_the_first_epoch_says_where_training_starts(first):
    assert f"{first[1]:.4g}" in observe([first], last=False)


@given(st.lists(losses, min_size=2, max_size=8), st.booleans())
def test_every_sentence_says_what_the_numbers_say(history, last):
    sentence = observe(history, last=last)
    before, now = history[-2][1], history[-1][1]
    change = (now - before) / before

    if rising_epochs(history) >= 2:
        assert "overfitting" in sentence
    elif abs(change) <= 0.005:
        assert sentence.startswith("flat")
    elif change < 0:
        assert f"improves held-out loss by {-change:.1%}" in sentence
        assert ("best so far" in sentence) == (
            now == min(loss for _, loss in history) and now < min(h[1] for h in history[:-1])
        )
        assert ("more epochs" in sentence) == last
    else:
        assert f"rises by {change:.1%}" in sentence
        assert re.search(
            rf"epoch {1 + min(range(len(history)), key=lambda i: history[i][1])}$", sentence
        )


def test_overfitting_counts_epochs_in_which_only_training_improves():
    history = [(1.0, 1.0), (0.9, 0.8), (0.8, 0.9), (0.7, 1.0), (0.6, 1.1)]

    assert rising_epochs(history) == 3
    assert "for 3 epochs" in observe(history, last=False)
