"""Words as ``nltk.word_tokenize`` finds them.

Source: NLTK 3.10, ``tokenize/destructive.py`` (Apache License 2.0): rules of the Penn Treebank,
applied to each sentence. Sentences end as the Punkt model of English ends most of them: at ``.``,
``!`` or ``?`` before a blank, unless an abbreviation stands there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from keramos.types.texts import NltkWords

_RULES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"([«“‘„]|[`]+)", r" \1 "),
        (r"^\"", r"``"),
        (r"(``)", r" \1 "),
        (r"([ \(\[{<])(\"|\'{2})", r"\1 `` "),
        (r"(?i)(?<!\w)(\')(?!(?:re|ve|ll|m|t|s|d|n)\b)(?=\w)", r"\1 "),
        (r'([^\.])(\.)([\]\)}>"\'»”’ ]*+)\s*$', r"\1 \2 \3 "),
        (r"([:,])([^\d])", r" \1 \2"),
        (r"([:,])$", r" \1 "),
        (r"\.{2,}", r" \g<0> "),
        (r"[;@#$%&]", r" \g<0> "),
        (r"[\u2012-\u2015]", r" \g<0> "),
        (r'([^\.])(\.)([\]\)}>"\']*+)\s*$', r"\1 \2\3 "),
        (r"[?!]", r" \g<0> "),
        (r"([^'])' ", r"\1 ' "),
        (r"[*]", r" \g<0> "),
        (r"[\]\[\(\)\{\}\<\>]", r" \g<0> "),
        (r"--", r" -- "),
        (r"^|$", " "),
        (r"([»”’])", r" \1 "),
        (r"''", " '' "),
        (r'"', " '' "),
        (r"\s+", " "),
        (r"([^' ])('[sS]|'[mM]|'[dD]|') ", r"\1 \2 "),
        (r"([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", r"\1 \2 "),
        (r"(?i)\b(can)(not)\b", r" \1 \2 "),
        (r"(?i)\b(d)('ye)\b", r" \1 \2 "),
        (r"(?i)\b(gim)(me)\b", r" \1 \2 "),
        (r"(?i)\b(gon)(na)\b", r" \1 \2 "),
        (r"(?i)\b(got)(ta)\b", r" \1 \2 "),
        (r"(?i)\b(lem)(me)\b", r" \1 \2 "),
        (r"(?i)\b(more)('n)\b", r" \1 \2 "),
        (r"(?i)\b(wan)(na)(?=\s)", r" \1 \2 "),
        (r"(?i) ('t)(is)\b", r" \1 \2 "),
        (r"(?i) ('t)(was)\b", r" \1 \2 "),
    )
)
_COST = 20
_END = re.compile(r"[.!?](?=[\"')\]}>»”’]*\s)")
_CLOSING = re.compile(r"[\"')\]}>»”’]*\s+")
_NUMBER = re.compile(r"-?[\d.,]*\d")
_SHORT = (
    "a.a a.c a.d a.g a.h a.m a.m.e a.s a.t adm ala ariz aug ave b.f b.v bros c.i.t "
    "c.o.m.b c.v calif chg cie co col colo conn corp cos ct d.c d.h d.w dec dr e.f e.h "
    "e.l e.m f.g f.j feb fla fri ft g.d g.f g.k ga gen h.c h.f h.m i.m.s ill inc j.b j.c "
    "j.j j.k j.p j.r jan jr kan ky l.a l.f l.p lt ltd m.b.a m.d.c m.j maj messrs mg mich "
    "minn mr mrs ms n.c n.d n.h n.j n.m n.v n.y nev nov oct ok okla ore p.a.m p.m pa ph.d "
    "prof r.a r.h r.i r.j r.k r.t rep reps s.a s.a.y s.c s.g s.p.a s.s sen sep sept sr st "
    "sw t.j tenn tues u.k u.n u.s u.s.a u.s.s.r va vs vt w.c w.r w.va w.w wash wed wis yr "
)
_ABBREVIATIONS = frozenset(_SHORT.split())
"""Those of the Punkt model; a letter alone is one too."""


def cutter(words: NltkWords) -> Callable[[str], Sequence[str]]:
    """A function from a text to its words."""
    forms = words.forms

    def cut(text: str) -> Sequence[str]:
        found = (token for sentence in _sentences(text) for token in _tokens(sentence))
        if words.keep == "alphanumeric":
            found = (token for token in found if token.isalnum())
        if words.lower:
            found = (token.lower() for token in found)
        return [forms.get(token, token) for token in found]

    return cut


def fault(words: NltkWords) -> str:
    """What is wrong with the values, "" where nothing is."""
    del words
    return ""


def cost(words: NltkWords) -> int:
    """Three dozen patterns look at each character."""
    del words
    return _COST


def _sentences(text: str) -> Iterator[str]:
    begin = 0
    for end in _END.finditer(text):
        before = text[max(begin, end.start() - 20) : end.start()].rpartition(" ")[2].lower()
        closing = _CLOSING.match(text, end.end())
        stop = closing.end() if closing else end.end()
        if end[0] == "." and _goes_on(before, text[stop : stop + 1]):
            continue
        yield text[begin:stop].strip()
        begin = stop
    yield text[begin:].strip()


def _goes_on(before: str, after: str) -> bool:
    """Whether a sentence does not end at the point between a word and a character."""
    if before in _ABBREVIATIONS or (len(before) == 1 and before.isalpha()):
        return True
    return after.islower() and _NUMBER.fullmatch(before) is not None


def _tokens(sentence: str) -> list[str]:
    for pattern, replacement in _RULES:
        sentence = pattern.sub(replacement, sentence)
    return sentence.split()
