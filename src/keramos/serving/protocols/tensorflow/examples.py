"""TensorFlow Serving's classify and regress: examples by feature, for files that know their columns
and their rule, and for signatures of graphs that take ``tf.train.Example``.

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
from keramos.serving.protocols.tensorflow.bodies import EXAMPLES, Classified, Regressed
from keramos.serving.protocols.tensorflow.graph_examples import (
    check_method,
    class_rows,
    example_feeds,
    serialised,
    values,
)
from keramos.serving.protocols.tensorflow.rest import MODEL, asked_signature, route, served_by
from keramos.serving.protocols.tensorflow.signatures import CLASSIFY, REGRESS, all_signatures

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from numpy.typing import NDArray

    from keramos.serving.core.messages import Request
    from keramos.serving.core.routes import Context
    from keramos.serving.core.served import Served
    from keramos.types.prediction import Decision
    from keramos.types.serving import Outputs
    from keramos.types.training import DecisionRule


def classify(context: Context, request: Request, match: re.Match[str]) -> Reply:
    """POST :classify: label and score of every class, for each example."""
    served, outputs = _inferred(context, request, match, "classify")
    return _results([_score_text(row) for row in class_scores(served, outputs)])


def regress(context: Context, request: Request, match: re.Match[str]) -> Reply:
    """POST :regress: one number for each example."""
    served, outputs = _inferred(context, request, match, "regress")
    return _results(number_texts(regressed(served, outputs)))


def _results(texts: list[str]) -> Reply:
    return Reply(body=('{"results":[' + ",".join(texts) + "]}").encode())


def class_scores(served: Served, outputs: Outputs) -> list[list[tuple[str, np.float32]]]:
    """Label and score of every class, for each example.

    Raises:
        RequestError: the signature of a graph gives none.
    """
    content = served.model.content
    if content is None:
        return class_rows(served, outputs)
    labels = [str(label) for label in content.rule.labels]
    return [
        list(zip(labels, _scores(decision, content.rule), strict=True))
        for decision in decide(outputs[0], content.rule)
    ]


def _scores(decision: Decision, rule: DecisionRule) -> NDArray[np.float32]:
    scores = np.array(decision.scores, np.float32)
    if rule.kind == "threshold":  # the one score is the second label's
        return np.array([1 - scores[0], scores[0]], np.float32)
    return scores


def _score_text(row: list[tuple[str, np.float32]]) -> str:
    texts = number_texts(np.array([score for _, score in row], np.float32))
    labels = (msgspec.json.encode(label).decode() for label, _ in row)
    return (
        "[" + ",".join(f"[{label},{text}]" for label, text in zip(labels, texts, strict=True)) + "]"
    )


def regressed(served: Served, outputs: Outputs) -> NDArray[np.float32]:
    """One number for each example.

    Raises:
        RequestError: the signature of a graph gives none.
    """
    content = served.model.content
    if content is None:
        return values(served, outputs)
    return np.array([one.score for one in decide(outputs[0], content.rule)], np.float32)


def check_infers(served: Served, method: str) -> None:
    """Refuse a signature that cannot classify, or regress.

    Raises:
        RequestError: it cannot.
    """
    content = served.model.content
    if content is None and served.signature:
        check_method(served, method)
        return
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


def _inferred(
    context: Context, request: Request, match: re.Match[str], method: str
) -> tuple[Served, Outputs]:
    """What answers, and its outputs for the examples of a body."""
    served, body = served_by(context, ref_of(match)), parse_object(request.body)
    served = asked_signature(served, body)
    check_infers(served, method)
    if served.model.content is None:
        rows = _examples(body, method, None, context.max_rows)
        data = [serialised(row, f"example {number}") for number, row in enumerate(rows, 1)]
        feeds = example_feeds(served, data)
    else:
        rows = _examples(body, method, frozenset(column_names(served)), context.max_rows)
        feeds = feeds_of(served, rows, context.max_rows)
    return served, context.registry.run(served, feeds)


def _examples(
    body: dict[str, object], method: str, names: frozenset[str] | None, most: int
) -> list[dict[str, object]]:
    """The features of each example, with those of the context that are columns (all where there are
    none).
    """
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
    shared = {name: cell for name, cell in common.items() if names is None or name in names}
    return [{**shared, **example} for example in given]


def _decides_by(kind: str) -> Callable[[Served], bool]:
    wanted = {"classify": CLASSIFY, "regress": REGRESS}[kind]

    def offered(served: Served) -> bool:
        return any(method == wanted for _, _, method in all_signatures(served))

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
