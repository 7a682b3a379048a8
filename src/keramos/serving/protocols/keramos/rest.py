"""keramos' own protocol: the list of models, decisions with their rules, and the trace of one."""

from __future__ import annotations

from functools import partial
from operator import or_
from time import perf_counter
from types import GenericAlias
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from msgspec.structs import replace

from keramos.errors import RequestError
from keramos.runtime.decide import decide as decisions_of
from keramos.serving.codecs.json_lenient import parse, shown
from keramos.serving.codecs.json_numbers import number_texts
from keramos.serving.codecs.media_rows import media_rows, read_as_json
from keramos.serving.codecs.row_cells import (
    as_rows,
    check_count,
    column_names,
    feeds_of,
    row_dicts,
)
from keramos.serving.codecs.row_pieces import pieces, reserve_pictures
from keramos.serving.codecs.typed_rows import says_keys_once
from keramos.serving.core.bodies import BODY_ERRORS
from keramos.serving.core.counters import Call
from keramos.serving.core.fast_route import Decoded, FastRoute
from keramos.serving.core.limits import MAX_PROBLEMS
from keramos.serving.core.messages import Reply, json_reply, json_text
from keramos.serving.core.refusals import json_refusal
from keramos.serving.core.routes import Route, ref_of
from keramos.serving.protocols.keramos.bodies import (
    ONE_ROW,
    ROWS,
    Decisions,
    Models,
    ModelVersion,
    OwnError,
    ServedModel,
    Trace,
)

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Sequence

    from keramos.errors import Problem
    from keramos.inference.deciding import Decided
    from keramos.serving.core.fast_route import Answers
    from keramos.serving.core.messages import Request
    from keramos.serving.core.routes import Context
    from keramos.serving.core.served import Served
    from keramos.types.artifact import Content
    from keramos.types.prediction import Decision
    from keramos.types.serving import ModelRef


def models(context: Context, _: Request, __: re.Match[str]) -> Reply:
    """GET /models: every model with its versions."""
    registry = context.registry
    listed = [
        ServedModel(
            name,
            [
                ModelVersion(item.version, item.state.name, item.message)
                for item in registry.statuses(name)
            ],
            dict(registry.labels(name)),
        )
        for name in registry.names()
    ]
    return json_reply(Models(listed))


def decide(context: Context, request: Request, match: re.Match[str]) -> Reply:
    """POST /models/M/decide: label, score and rule of each row; with ``partial=true`` of each good
    row, with ``warnings=false`` without warnings.
    """
    served = context.registry.get(ref_of(match))
    content = _content(served, "decide")
    partial_wanted, warned = _switch(request, "partial", "false"), _switch(request, "warnings")
    items = _rows(served, request)
    if partial_wanted:
        return _decided_partly(served, content, items, context.max_rows, warnings=warned)
    fed = feeds_of(served, items, context.max_rows)
    scores = context.registry.run(served, fed)[0]
    listed = []
    for begin, end in pieces(len(items), scores.size // max(len(scores), 1)):
        part = scores[begin:end]
        made = decisions_of(part, content.rule)
        if warned:
            there = {name: array[begin:end] for name, array in fed.items()}
            made = served.model.watch.added(made, there)
        listed += [_listed(range(begin + 1, end + 1), made, number_texts(part))] if made else []
    return Reply(body=_decisions(served, listed))


def _switch(request: Request, name: str, default: str = "true") -> bool:
    """A parameter of the query that is true or false."""
    wanted = request.options().get(name, default).lower()
    if wanted not in {"true", "false"}:
        raise RequestError(f"{name} must be true or false", received=shown(wanted))
    return wanted == "true"


def _decided_partly(
    served: Served, content: Content, items: list[object], most: int, *, warnings: bool
) -> Reply:
    """Decisions for the good rows and what is wrong with each other row; 200 even where none is
    good.
    """
    check_count(len(items), most)
    begun = perf_counter()
    columns = len(content.schema.columns)
    reserve_pictures(served.model, next(pieces(len(items), columns))[1])
    listed: list[str] = []
    problems: list[Problem] = []
    ignored: dict[str, None] = {}
    good = count = 0
    for begin, end in pieces(len(items), columns):
        decided, bad = _decided_piece(served, content, items[begin:end], warnings=warnings)
        rows = [begin + row for row in decided.rows]
        listed.append(_listed(rows, decided.decisions, _texts(decided.decisions)))
        good, count = good + len(rows), count + len(bad)
        room = MAX_PROBLEMS - len(problems)
        problems += (replace(one, row=begin + one.row) for one in bad[:room])
        ignored |= dict.fromkeys(decided.ignored)
    served.counts.ran(good, perf_counter() - begun)
    records = json_text([problem.record() for problem in problems])
    others = json_text(list(ignored))
    more = f',"problems":{records},"problem_count":{count},"ignored_columns":{others}'
    return Reply(body=_decisions(served, filter(None, listed), more))


def _decided_piece(
    served: Served, content: Content, items: list[object], *, warnings: bool
) -> tuple[Decided, list[Problem]]:
    """The decisions about some rows, and all their problems in order."""
    from keramos.data.read import as_table  # noqa: PLC0415 (start-up time)

    shapeless: list[Problem] = []
    names = column_names(served)
    given = row_dicts(as_rows(served, items), names, len(items), shapeless)
    every = [{column.name: None for column in content.schema.columns} | row for row in given]
    decided = served.model.decide_table(as_table(every), warnings=warnings)
    no_rows = {problem.row for problem in shapeless}
    others = [problem for problem in decided.problems if problem.row not in no_rows]
    order = {name: place for place, name in enumerate(["", *names])}
    problems = sorted([*shapeless, *others], key=lambda one: (one.row, order[one.column]))
    bad = {problem.row for problem in problems}
    good = [
        pair for pair in zip(decided.rows, decided.decisions, strict=True) if pair[0] not in bad
    ]
    rows, decisions = tuple(row for row, _ in good), tuple(made for _, made in good)
    return replace(decided, rows=rows, decisions=decisions), problems


def trace(context: Context, request: Request, match: re.Match[str]) -> Reply:
    """POST /models/M/trace: the four steps to the decision about one row, as data and as text."""
    served = context.registry.get(ref_of(match))
    content = _content(served, "trace")
    rows = _rows(served, request)
    if len(rows) != 1:
        raise RequestError("a trace is of one row", received=f"{len(rows)} rows")
    row = row_dicts(as_rows(served, rows), column_names(served), 1)[0]
    found = served.model.trace(
        {column.name: row.get(column.name) for column in content.schema.columns}
    )
    steps = [
        {"title": step.title, "seconds": step.seconds, "lines": [list(line) for line in step.lines]}
        for step in found.steps
    ]
    head = {"model": served.name, "version": served.version, "steps": steps}
    decision = _decision(1, found.decision, _texts([found.decision]))
    body = f'{json_text(head)[:-1]},"decision":{decision},"text":{json_text(str(found))}}}'
    return Reply(body=body.encode())


def _rows(served: Served, request: Request) -> list[object]:
    """The rows of a body: ``{"rows": [...]}``, a list of rows, or one row as an object; a picture,
    or a form of pictures or texts, where the model takes such.
    """
    found = media_rows(served, request)
    if found is not None:
        return found
    with read_as_json(served):
        value = parse(request.body)
    if isinstance(value, dict):
        value = value["rows"] if set(value) == {"rows"} else [value]
    if not isinstance(value, list):
        raise RequestError(
            'the body must be {"rows": [...]}, a list of rows, or one row as an object by column '
            "name",
            received=shown(value),
        )
    return value


def _content(served: Served, verb: str) -> Content:
    content = served.model.content
    if content is None:
        raise RequestError(
            f"model '{served.name}' is a plain Keras file without schema and decision rule, so "
            f"it cannot {verb}",
            remedy=f"Use POST /v1/models/{served.name}:predict",
        )
    return content


def _decisions(served: Served, listed: Iterable[str], more: str = "") -> bytes:
    """The body of a reply, from the decisions as JSON texts."""
    head = f'"model":{json_text(served.name)},"version":{served.version}'
    return f'{{{head},"decisions":[{",".join(listed)}]{more}}}'.encode()


def _listed(rows: Iterable[int], decisions: Sequence[Decision], texts: Sequence[str]) -> str:
    """Decisions as JSON; ``texts`` are the scores of all of them, one after the other."""
    units = len(texts) // max(len(decisions), 1)
    return ",".join(
        _decision(row, decision, texts[at * units : (at + 1) * units])
        for at, (row, decision) in enumerate(zip(rows, decisions, strict=True))
    )


def _decision(row: int, decision: Decision, scores: Sequence[str]) -> str:
    score = (
        scores[decision.scores.index(decision.score)] if decision.score == decision.score else "NaN"
    )
    label = score if isinstance(decision.label, float) else json_text(decision.label)
    rule = json_text(decision.rule)
    listed = ",".join(scores)
    more = _sure(decision)
    return (
        f'{{"row":{row},"label":{label},"score":{score},"scores":[{listed}],"rule":{rule}{more}}}'
    )


def _sure(decision: Decision) -> str:
    """The ends of an interval or the possible labels, where the rule has an interval; warnings."""
    found = ""
    if decision.interval is not None:
        found = f',"interval":[{",".join(map(json_text, decision.interval))}]'
    elif decision.possible:
        found = f',"possible":[{",".join(map(json_text, decision.possible))}]'
    if decision.warnings:
        found += f',"warnings":[{",".join(map(json_text, decision.warnings))}]'
    return found


def _texts(decisions: Iterable[Decision]) -> list[str]:
    return number_texts(np.array([decision.scores for decision in decisions], np.float32))


def fast_route(
    context: Context, ref: ModelRef, answer: Callable[[Request], Reply]
) -> FastRoute | None:
    """Rows decoded by type, for files with a decision rule."""
    served, most = context.registry.get(ref), context.max_rows
    content = served.model.content
    if served.types is None or content is None:
        return None
    rows = GenericAlias(list, (served.types.row,))
    body = msgspec.defstruct("Body", [("rows", rows)], gc=False, forbid_unknown_fields=True)
    decode_body, types = msgspec.json.Decoder[Any](or_(body, rows)).decode, served.types

    def decode(data: bytes, _: object) -> Decoded | None:
        found = decode_body(data)
        bare = type(found) is list
        given = found if bare else found.rows
        if not 0 < len(given) <= most:
            return None
        cells, keys = types.cells(given)
        return Decoded(cells) if says_keys_once(data, keys + (not bare)) else None

    def write(answers: Answers, begin: int, end: int, _: object) -> bytes:
        rows, texts = range(1, end - begin + 1), answers.flat()
        units = len(texts) // len(answers.outputs[0])
        made = answers.decisions(content.rule)[begin:end]
        return _decisions(served, (_listed(rows, made, texts[begin * units : end * units]),))

    return FastRoute(served, served.types.feeds, decode, write, answer, _DECIDE)


def _has_columns(served: Served) -> bool:
    return served.model.content is not None


_DECIDE = Call("keramos", "Decide")

_MODEL = "/models/{name}[/versions/{version}|/labels/{label}]"
_route = partial(Route, refuse=json_refusal, tag="keramos", error=OwnError)

ROUTES = (
    _route(
        "GET",
        "/models",
        models,
        summary="Every model with its versions and labels",
        response=Models,
    ),
    _route(
        "POST",
        f"{_MODEL}/decide",
        decide,
        summary="Label, score and rule of each row; with partial=true of each good row",
        request=ROWS,
        response=Decisions,
        statuses=BODY_ERRORS,
        query={"partial": False, "warnings": True},
        offered=_has_columns,
        fast=fast_route,
        call=_DECIDE,
    ),
    _route(
        "POST",
        f"{_MODEL}/trace",
        trace,
        summary="The four steps to the decision about one row",
        request=ONE_ROW,
        response=Trace,
        statuses=BODY_ERRORS,
        offered=_has_columns,
        call=Call("keramos", "Trace"),
    ),
)
