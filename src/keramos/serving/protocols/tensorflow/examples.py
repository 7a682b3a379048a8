"""TensorFlow Serving's classify and regress: examples by feature, for files that know their columns
and their rule.

Wire facts: ``tensorflow_serving/model_servers/http_rest_api_handler.cc`` and
``util/json_tensor.cc``. The key of the reply is ``results``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from keramos.errors import RequestError
from keramos.runtime.decide import decide
from keramos.serving.codecs.json_lenient import parse_object, shown
from keramos.serving.codecs.json_numbers import number_texts
from keramos.serving.codecs.row_cells import check_count, column_names, feeds_of
from keramos.serving.core.bodies import BODY_ERRORS
from keramos.serving.core.counters import Call
from keramos.serving.core.messages import Reply
from keramos.serving.core.routes import ref_of
from keramos.serving.protocols.tensorflow.bodies import (
    EXAMPLES,
    Classified,
    Regressed,
    signature_names,
)
from keramos.serving.protocols.tensorflow.rest import MODEL, route, served_by

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.serving.core.messages import Request
    from keramos.serving.core.routes import Context
    from keramos.serving.core.served import Served
    from keramos.types.prediction import Decision
    from keramos.types.training import DecisionRule


def classify(context: Context, request: Request, match: re.Match[str]) -> Reply:
    """POST :classify: label and score of every class, for each example."""
    rule, decisions = _decided(context, request, match, "classify")
    return _results([_score_text(decision, rule) for decision in decisions])


def regress(context: Context, request: Request, match: re.Match[str]) -> Reply:
    """POST :regress: one number for each example."""
    _, decisions = _decided(context, request, match, "regress")
    return _results(number_texts(np.array([decision.score for decision in decisions], np.float32)))


def _results(texts: list[str]) -> Reply:
    return Reply(body=('{"results":[' + ",".join(texts) + "]}").encode())


def class_scores(decision: Decision, rule: DecisionRule) -> NDArray[np.float32]:
    """A score for each of the rule's labels."""
    scores = np.array(decision.scores, np.float32)
    if rule.kind == "threshold":  # the one score is the second label's
        return np.array([1 - scores[0], scores[0]], np.float32)
    return scores


def _score_text(decision: Decision, rule: DecisionRule) -> str:
    labels = (msgspec.json.encode(str(label)).decode() for label in rule.labels)
    pairs = zip(labels, number_texts(class_scores(decision, rule)), strict=True)
    return "[" + ",".join(f"[{label},{text}]" for label, text in pairs) + "]"


def rule_of(served: Served, method: str) -> DecisionRule:
    """The rule of a file that can classify, or regress.

    Raises:
        RequestError: it cannot.
    """
    content = served.model.content
    if content is None:
        raise RequestError(
            f"model '{served.name}' is a plain Keras file without columns and classes, so it "
            f"cannot {method}",
            remedy="Use :predict",
        )
    if content.rule.several:
        raise RequestError(
            f"model '{served.name}' gives {content.rule.units} values a row, and :{method} one",
            remedy="Use :predict",
        )
    if (content.rule.kind == "value") != (method == "regress"):
        able = "regress" if content.rule.kind == "value" else "classify"
        raise RequestError(
            f"Expected {method} signature method_name; model '{served.name}' can :{able}, not "
            f":{method}"
        )
    return content.rule


def _decided(
    context: Context, request: Request, match: re.Match[str], method: str
) -> tuple[DecisionRule, list[Decision]]:
    served = served_by(context, ref_of(match))
    rule = rule_of(served, method)
    body = parse_object(request.body)
    _check_signature(body, signature_names(served))
    rows = _examples(body, method, frozenset(column_names(served)), context.max_rows)
    outputs = context.registry.run(served, feeds_of(served, rows, context.max_rows))
    return rule, decide(outputs[0], rule)


def _check_signature(body: dict[str, object], names: tuple[str, ...]) -> None:
    asked = body.get("signature_name") or names[0]
    if asked not in names:
        raise RequestError(
            f"Serving signature name: {shown(asked)} not found in signature def; there is {names}"
        )


def _examples(
    body: dict[str, object], method: str, names: frozenset[str], most: int
) -> list[dict[str, object]]:
    """The features of each example that are columns, with those of the context."""
    if "examples" not in body:
        raise RequestError(f"When method is {method}, key 'examples' is expected and was not found")
    given, common = body["examples"], body.get("context", {})
    if not isinstance(given, list):
        raise RequestError("'examples' must be a list of objects", received=shown(given))
    if not isinstance(common, dict):
        raise RequestError("'context' must be an object", received=shown(common))
    for number, example in enumerate(given, 1):
        if not isinstance(example, dict):
            raise RequestError(f"example {number} is not an object: {shown(example)}")
    check_count(len(given), most)
    shared = {name: cell for name, cell in common.items() if name in names}
    return [{**shared, **example} for example in given]


def _decides_by(kind: str) -> Callable[[Served], bool]:
    def offered(served: Served) -> bool:
        content = served.model.content
        if content is None or content.rule.several:
            return False
        return (content.rule.kind == "value") == (kind == "regress")

    return offered


ROUTES = (
    route(
        "POST",
        f"{MODEL}:classify",
        classify,
        summary="Label and score of every class",
        request=EXAMPLES,
        response=Classified,
        statuses=BODY_ERRORS,
        offered=_decides_by("classify"),
        call=Call("tensorflow", "Classify"),
    ),
    route(
        "POST",
        f"{MODEL}:regress",
        regress,
        summary="One number an example",
        request=EXAMPLES,
        response=Regressed,
        statuses=BODY_ERRORS,
        offered=_decides_by("regress"),
        call=Call("tensorflow", "Regress"),
    ),
)
