"""Operations on texts, ragged and serialised rows answer as TensorFlow does."""

import numpy as np
import pytest

from keramos.errors import MismatchError, UnsupportedModelError
from keramos.pipeline.load import load
from keramos.runtime.expressions import Automaton, replacer

pytest.importorskip("tensorflow")

from support.graph_cases import saved_cases
from support.text_graph_cases import CASES, KEPT


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    return saved_cases(tmp_path_factory.mktemp("texts") / "m", CASES, CASES, KEPT)


def model_of(every, name):
    return load(every[0], by=f"graph:{name}")


@pytest.mark.parametrize("name", CASES)
def test_an_operation_on_texts_answers_as_in_tensorflow(name, every):
    wanted = every[1][name]

    found = model_of(every, name).predict({f"x{i}": x for i, x in enumerate(CASES[name][1])})

    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    if wanted.dtype == object:
        assert found.ravel().tolist() == [x.decode("utf-8", "replace") for x in wanted.flat]
    else:
        np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize(
    ("row", "why"),
    [("no example", "serialised"), (b"\x0a\x00", "required"), (b"\xff", "serialised")],
)
def test_what_is_no_serialised_row_is_refused(row, why, every):
    with pytest.raises(MismatchError, match=why):
        model_of(every, "ParseExampleV2").predict(np.array([row], object))


def test_bytes_that_are_no_text_are_refused_by_operations_on_texts(every):
    with pytest.raises(MismatchError, match="text is needed"):
        model_of(every, "StringLower").predict(np.array([b"\xff"], object))


EXPRESSIONS = [
    r"a*",
    r"(a*)+",
    r"^a|b$",
    r"\b\w",
    r"\d{2,3}",
    r"x*?y",
    r"[^a-z]+",
    r"(?i)aB",
    r"(\w+)\s(\w+)",
    r"a|",
    r"()",
    r"[[:punct:]]",
    r"[]a]",
    r"a{0,2}",
    r".",
    r"\x41|\x{62}",
    r"[\w-]+",
    r"é+|ß",
    r"(?:ab)+?c",
    r"$",
    r"a||b",
    r"[a\-z]",
    r"<.*?>",
    r"(a|ab)(c|bcd)(d*)",
    r"https?://\S+|www\.\S+",
]


@pytest.mark.parametrize("pattern", EXPRESSIONS)
def test_a_regular_expression_matches_as_in_tensorflow(pattern):
    from support.text_graph_cases import raw

    letters = "aabbccdAB xy<>/. -_12\n!wé😀"
    draw = np.random.default_rng(len(pattern))
    texts = ["".join(draw.choice(list(letters), draw.integers(0, 13))) for _ in range(40)]
    groups = Automaton(pattern).groups
    for rewrite in ("", r"[\0]", r"\1-" if groups else "<>"):
        found = raw.StaticRegexReplace(input=texts, pattern=pattern, rewrite=rewrite).numpy()
        replaced = replacer(pattern, rewrite, every=True)
        assert [replaced(one) for one in texts] == [one.decode() for one in found]


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", r"\pL", "(?=a)", "(?P<n>a)", "a**", "(", "[a", "a{2000}"]
)
def test_an_expression_that_is_not_supported_is_refused(pattern):
    with pytest.raises(UnsupportedModelError, match="pattern"):
        Automaton(pattern)


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|a)*b", "(.*)(.*)(.*)b", "((a{1,9}){1,9})+b"])
def test_no_expression_takes_more_than_linear_time(pattern):
    assert Automaton(pattern).search("a" * 200, 0) is None
