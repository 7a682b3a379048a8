"""Graphs of TensorFlow that try to grow without end, to loop, or to reach outside: fields, nodes,
and the cases.
"""

from __future__ import annotations

import numpy as np

from support.protobuf import field

FLOAT, INT = 1, 3


def attribute(name, value):
    return field(5, field(1, name.encode()) + field(2, value))


def kind(name, number):
    return attribute(name, field(6, number))


def node(name, op, *inputs, attributes=b""):
    ends = b"".join(field(3, one.encode()) for one in inputs)
    return field(1, name.encode()) + field(2, op.encode()) + ends + attributes


def tensor(dtype, shape, content=b""):
    sizes = b"".join(field(2, field(1, size)) for size in shape)
    return field(8, field(1, dtype) + field(2, sizes) + content)


def constant(name, dtype, shape, content):
    value = attribute("value", tensor(dtype, shape, content))
    return node(name, "Const", attributes=value + kind("dtype", dtype))


def call(name, function, *inputs):
    return node(
        name,
        "PartitionedCall",
        *inputs,
        attributes=attribute("f", field(10, field(1, function.encode()))),
    )


def function(name, nodes, returned):
    signature = (
        field(1, name.encode())
        + field(2, field(1, b"x") + field(3, FLOAT))
        + field(3, field(1, b"y") + field(3, FLOAT))
    )
    body = b"".join(field(3, one) for one in nodes)
    return field(1, signature) + body + field(4, field(1, b"y") + field(2, returned.encode()))


def model(nodes, end, functions=()):
    """A frozen SavedModel from x (any, 2) to ``end``."""
    x = node("x", "Placeholder", attributes=kind("dtype", FLOAT))
    library = b"".join(field(1, one) for one in functions)
    graph = b"".join(field(1, one) for one in (x, *nodes)) + field(2, library)
    shape = field(2, field(1, (1 << 64) - 1)) + field(2, field(1, 2))
    info = field(1, b"x:0") + field(2, FLOAT) + field(3, shape)
    out = field(1, end.encode()) + field(2, FLOAT)
    signature = field(1, field(1, b"x") + field(2, info)) + field(2, field(1, b"y") + field(2, out))
    meta = (
        field(1, field(4, b"serve"))
        + field(2, graph)
        + field(5, field(1, b"serving_default") + field(2, signature))
    )
    return field(1, 1) + field(2, meta)


def doubling(levels, *, twice=True):
    """Functions that each call the next one twice, or once."""
    last = function("f0", [node("a", "Relu", "x")], "a:activations:0")
    first = (lambda i: [call("a", f"f{i - 1}", "x")]) if twice else lambda _: []
    nested = [
        function(
            f"f{i}",
            [*first(i), call("b", f"f{i - 1}", "a:output:0" if twice else "x")],
            "b:output:0",
        )
        for i in range(1, levels)
    ]
    return [last, *nested]


def splat(op, *shape):
    sizes = np.array(shape, "<i4").tobytes()
    return [
        constant("shape", INT, (len(shape),), field(4, sizes)),
        constant("zero", FLOAT, (), field(4, bytes(4))),
        node("big", op, "shape", "zero"),
        node("y", "Add", "x", "big"),
    ]


def texts(name, *values):
    return constant(name, 7, (len(values),), b"".join(field(8, one) for one in values))


def frame(name="f"):
    return attribute("frame_name", field(2, name.encode()))


def whole(name, number):
    return constant(name, INT, (), field(7, number))


def endless(step, *more):
    """A loop of TensorFlow 1 whose counter takes a step."""
    return [
        whole("zero", 0),
        whole("step", step),
        whole("end", 1 << 30),
        node("enter", "Enter", "zero", attributes=frame()),
        node("enter_x", "Enter", "x", attributes=frame()),
        node("merge", "Merge", "enter", "next"),
        node("merge_x", "Merge", "enter_x", "next_x"),
        node("less", "Less", "merge", "end"),
        node("condition", "LoopCond", "less"),
        node("switch", "Switch", "merge", "condition"),
        node("switch_x", "Switch", "merge_x", "condition"),
        node("add", "Add", "switch:1", "step"),
        node("double", "Add", "switch_x:1", "switch_x:1"),
        node("next", "NextIteration", "add"),
        node("next_x", "NextIteration", "double"),
        node("y", "Exit", "switch_x"),
        *more,
    ]


def nested_branches(levels):
    """Branches of TensorFlow 1 that join what others joined, each twice."""
    found = [whole("zero", 0), node("p", "Less", "zero", "zero")]
    last = "x"
    for i in range(levels):
        found += [
            node(f"s{i}", "Switch", last, "p"),
            node(f"a{i}", "Add", f"s{i}", f"s{i}"),
            node(f"m{i}", "Merge", f"a{i}", f"s{i}:1"),
        ]
        last = f"m{i}"
    return [*found, node("y", "Relu", last)]


def entwined(levels):
    """Merges of merges without a switch between them."""
    found = [whole("zero", 0), node("p", "Less", "zero", "zero"), node("s", "Switch", "x", "p")]
    for i in range(levels):
        below = f"m{i - 1}" if i else "s"
        found.append(node(f"m{i}", "Merge", below, below + (":1" if not i else "")))
    return [*found, node("y", "Relu", f"m{levels - 1}")]


def reserved(count):
    sizes = np.array([1 << 20], "<i4").tobytes()
    return [
        constant("shape", INT, (1,), field(4, sizes)),
        whole("count", count),
        node(
            "list", "TensorListReserve", "shape", "count", attributes=kind("element_dtype", FLOAT)
        ),
        node("stack", "TensorListStack", "list", "shape"),
        node("y", "Add", "x", "stack"),
    ]


HOSTILE = {
    "a loop of TensorFlow 1 without end": (endless(1), "y:0", []),
    "a loop of TensorFlow 1 that stands still": (endless(0), "y:0", []),
    "a loop of TensorFlow 1 without a condition": (
        [one for one in endless(1) if b"LoopCond" not in one],
        "y:0",
        [],
    ),
    "a loop of TensorFlow 1 in a circle with itself": (
        [*(one for one in endless(1) if b"less" not in one[:8]), node("less", "Less", "y", "end")],
        "y:0",
        [],
    ),
    "a merge of nothing": ([node("y", "Merge")], "y:0", []),
    "a merge of itself": ([node("y", "Merge", "y", "y")], "y:0", []),
    "merges of merges": (entwined(300), "y:0", []),
    "a branch that calls itself": (
        [node("y", "If", "x", "x", attributes=attribute("then_branch", field(10, field(1, b"f"))))],
        "y:0",
        [
            function(
                "f",
                [
                    node(
                        "a",
                        "If",
                        "x",
                        "x",
                        attributes=attribute("then_branch", field(10, field(1, b"f"))),
                    )
                ],
                "a:output:0",
            )
        ],
    ),
    "a list of tensors without end": (reserved((1 << 31) - 1), "y:0", []),
    "an array of tensors without end": (
        [
            whole("size", (1 << 31) - 1),
            node("array", "TensorArrayV3", "size", attributes=kind("dtype", FLOAT)),
            node("y", "TensorArrayReadV3", "array", "size", "array:1"),
        ],
        "y:0",
        [],
    ),
    "rows whose names are missing": ([node("y", "ParseExampleV2", "x")], "y:0", []),
    "pictures": ([texts("p", b"x"), node("y", "DecodeJpeg", "p")], "y:0", []),
    "ScatterNd without end": (
        [
            *splat("Fill", 1 << 30, 1 << 30)[:2],
            constant("place", INT, (1, 1), field(4, bytes(4))),
            node("y", "ScatterNd", "place", "x", "shape"),
        ],
        "y:0",
        [],
    ),
    "calls that double": ([call("y", "f29", "x")], "y:0", doubling(30)),
    "a chain of 10,000 functions": (
        [call("y", "f9999", "x")],
        "y:0",
        doubling(10_000, twice=False),
    ),
    "calls of nothing that double": (
        [call("y", "g29", "x")],
        "y:0",
        [
            function("g0", [node("a", "Identity", "x")], "a:output:0"),
            *(
                function(
                    f"g{i}",
                    [call("a", f"g{i - 1}", "x"), call("b", f"g{i - 1}", "a:output:0")],
                    "b:output:0",
                )
                for i in range(1, 30)
            ),
        ],
    ),
    "a function that calls itself": (
        [call("y", "f", "x")],
        "y:0",
        [function("f", [call("a", "f", "x")], "a:output:0")],
    ),
    "a circle": ([node("a", "Add", "x", "y"), node("y", "Relu", "a")], "y:0", []),
    "a node that needs itself": ([node("y", "Relu", "y")], "y:0", []),
    "a constant of one value a trillion times": (
        [
            constant("c", FLOAT, (1 << 20, 1 << 20), field(5, bytes(4))),
            node("y", "Add", "x", "c"),
        ],
        "y:0",
        [],
    ),
    "Fill without end": (splat("Fill", 1 << 30, 1 << 30), "y:0", []),
    "a file": (
        [
            constant("name", 7, (), field(8, b"/etc/passwd")),
            node("file", "ReadFile", "name"),
            node("y", "DecodeRaw", "file", attributes=kind("out_type", FLOAT)),
        ],
        "y:0",
        [],
    ),
    "an output that does not exist": ([node("y", "Relu", "x")], "y:7", []),
    "a node that does not exist": ([node("y", "Relu", "nobody")], "y:0", []),
    "two nodes of one name": ([node("y", "Relu", "x"), node("y", "Tanh", "x")], "y:0", []),
    "a branch that is no function": (
        [node("y", "If", "x", "x", attributes=attribute("then_branch", field(3, 1)))],
        "y:0",
        [],
    ),
    "too few inputs": ([node("y", "MatMul", "x")], "y:0", []),
    "attributes of another kind": (
        [node("y", "Conv2D", "x", "x", attributes=attribute("strides", field(2, b"one")))],
        "y:0",
        [],
    ),
}
