"""Graphs as TensorFlow 1 wrote them: loops of frames, branches of switches, arrays of tensors."""

from __future__ import annotations

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")
v1 = tf.compat.v1

SERIES = np.random.default_rng(3).normal(size=(3, 5, 4)).astype("f4")


def recurrent(x):
    """A recurrent network over arrays, as ``dynamic_rnn`` writes it."""
    kernel = v1.get_variable("kernel", [4, 4], initializer=v1.ones_initializer())
    steps = tf.shape(x)[1]
    read = tf.TensorArray(tf.float32, steps).unstack(tf.transpose(x, [1, 0, 2]))
    kept = tf.TensorArray(tf.float32, steps)

    def step(i, state, kept):
        state = tf.tanh(tf.matmul(read.read(i) + 0.5 * state, kernel))
        return i + 1, state, kept.write(i, state)

    _, state, kept = tf.while_loop(
        lambda i, *_: tf.logical_and(i < 100, i < steps), step, [0, tf.zeros_like(x[:, 0]), kept]
    )
    return tf.transpose(kept.stack(), [1, 0, 2]), state


def backwards(x):
    """An array that is filled from behind and read at some places."""
    kept = tf.TensorArray(tf.float32, 5, clear_after_read=False)
    _, kept = tf.while_loop(
        lambda i, _: i >= 0, lambda i, kept: (i - 1, kept.write(4 - i, x[:, i] * 2.0)), [4, kept]
    )
    some = tf.transpose(kept.gather([0, 3]), [1, 0, 2])
    return tf.transpose(kept.stack(), [1, 0, 2]), some + tf.cast(kept.size(), tf.float32)


def nested_loops(x):
    """A loop in a loop, whose length the outer one sets."""

    def outer(i, total):
        inner = tf.while_loop(lambda j, _: j < i + 1, lambda j, u: (j + 1, u * 1.5 + x), [0, total])
        return i + 1, inner[1]

    return tf.while_loop(lambda i, _: i < 3, outer, [0, x])[1], x


def branches(x):
    """Branches in branches, of tensors and of constants alone."""
    total = tf.reduce_sum(x)
    below = lambda: tf.cond(total < -3, lambda: x - 1, lambda: x + total)  # noqa: E731 (a branch)
    y = tf.cond(total > 0, lambda: x * 2, below)
    z = tf.cond(total > 100, lambda: tf.constant(1.0), lambda: tf.constant(2.0))
    return y + z, tf.cond(total > -100, lambda: tf.ones_like(x), lambda: x)


def mixed(x):
    """A branch in a loop, and a loop in a branch."""

    def step(i, t):
        return i + 1, tf.cond(tf.reduce_sum(t) > 0, lambda: t - x, lambda: tf.abs(t) + 1)

    i, t = tf.while_loop(lambda i, _: i < 4, step, [0, x])
    twice = lambda: tf.while_loop(lambda k, _: k < 2, lambda k, v: (k + 1, v * 2), [0, t])[1]  # noqa: E731
    return t, tf.cond(i > 3, twice, lambda: t)


def learning(x):
    """Dropout that a constant switches off."""
    phase = v1.placeholder_with_default(False, ())
    return tf.cond(phase, lambda: tf.nn.dropout(x, rate=0.5), lambda: x * 1.0), x


CASES = {
    one.__name__: one for one in (recurrent, backwards, nested_loops, branches, mixed, learning)
}


def saved(folder):
    """A SavedModel with a signature for each case, and what TensorFlow answers."""
    v1.disable_control_flow_v2()
    try:
        with tf.Graph().as_default(), v1.Session() as session:
            x = v1.placeholder(tf.float32, (None, 5, 4), "x")
            found = {name: case(x) for name, case in CASES.items()}
            session.run(v1.global_variables_initializer())
            builder = v1.saved_model.Builder(str(folder))
            builder.add_meta_graph_and_variables(
                session,
                ["serve"],
                {
                    name: v1.saved_model.predict_signature_def({"x": x}, {"a": a, "b": b})
                    for name, (a, b) in found.items()
                },
            )
            builder.save()
            return folder, session.run(found, {x: SERIES})
    finally:
        v1.enable_control_flow_v2()
