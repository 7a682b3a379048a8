"""Layers with every value of every option, computed by real Keras and by keramos.

``python -m support.option_draws`` (in ``tests``) writes the list of what was reached.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keramos.artifact.read import read
from keramos.compile.emit import compile_network
from keramos.errors import ModelError
from keramos.keras_layers.registry import LAYERS
from keramos.runtime.session import Session
from support.option_values import DRAWS, REACHED, Made, shown, values_of, variants

if TYPE_CHECKING:
    from support.option_values import Variant

_NAMES = {"tf_keras": {"LeakyReLU": {"negative_slope": "alpha"}}}
"""Options under the names that Keras 2 has for them."""
_TYPES = {"O": "string", "i": "int64", "f": "float32"}


def engine(name):
    """Keras itself, or tf-keras."""
    if name == "keras":
        return keras
    import tf_keras

    return tf_keras


def engines(kind):
    """The Keras that have a class."""
    only = DRAWS[kind].only
    names = [only] if only else ["keras", "tf_keras"]
    return [name for name in names if hasattr(engine(name).layers, kind)]


def _flat(value):
    return (
        [one for part in value for one in _flat(part)]
        if isinstance(value, list | tuple)
        else [value]
    )


class Computed(NamedTuple):
    """A layer that Keras computes: what it gives for rows, and for inputs of a model."""

    variant: Variant
    expected: list
    outputs: list


def _layer(kind, name, options):
    kl, names = engine(name).layers, _NAMES.get(name, {}).get(kind, {})
    made = {key: one.of(kl) if isinstance(one, Made) else one for key, one in options.items()}
    return getattr(kl, kind)(**{names.get(key, key): one for key, one in made.items()})


def computed(kind, name, variant, tensors, inputs, rng, *, masked):
    """The answers of a layer with drawn weights; None where Keras refuses it."""
    draw, kl = DRAWS[kind], engine(name).layers
    if masked:
        tensors, inputs = ([kl.Masking()(one) for one in part] for part in (tensors, inputs))
    more = {"training": False} if draw.silent else {}
    try:
        layer = _layer(kind, name, variant.options)
        run = _runner(lambda: draw.call(layer, *tensors, **more))
        layer.set_weights(
            [
                rng.uniform(0.1, 0.9, old.shape) if _is_drawn(kind, old) else old
                for old in layer.get_weights()
            ]
        )
        _reset(layer)
        expected = [np.asarray(one) for one in _flat(run())]
        _reset(layer)
        return Computed(variant, expected, _flat(draw.call(layer, *inputs)))
    except Exception:  # noqa: BLE001 (whatever Keras raises is its refusal)
        return None


def _is_drawn(kind, old):
    """Whether a weight may be anything; the config states those of words."""
    return old.dtype.kind == "f" and not LAYERS[kind].vocabulary


def _runner(call):
    """Convolutions with channels first run compiled alone."""
    try:
        call()
    except Exception as error:
        if "nimplemented" not in f"{type(error).__name__} {error}":
            raise
        compiled = tf.function(call, jit_compile=True)
        compiled()
        return compiled
    return call


def _reset(layer):
    if getattr(layer, "stateful", False):
        getattr(layer, "reset_state", getattr(layer, "reset_states", None))()


def model_of(kind, name, wanted, shapes, seed, *, masked=False):
    """A model of all layers that Keras computes, its rows and what these should give."""
    rng, module = np.random.default_rng(seed), engine(name)
    rows = [DRAWS[kind].feed(rng, shape) for shape in shapes]
    if masked:
        for row in rows:
            row[0, -2:], row[1, :1], row[2, 2:3] = 0, 0, 0
    tensors = [tf.constant(row.tolist() if row.dtype == object else row) for row in rows]
    size = len(rows[0]) if "stateful" in values_of(kind) else None
    inputs = [
        module.Input(shape, name=f"x{place}", dtype=_TYPES[row.dtype.kind], batch_size=size)
        for place, (shape, row) in enumerate(zip(shapes, rows, strict=True))
    ]
    found = [computed(kind, name, one, tensors, inputs, rng, masked=masked) for one in wanted]
    made = [one for one in found if one is not None]
    if not made:
        return None, rows, made
    model = module.Model(inputs, [part for one in made for part in one.outputs])
    return model, rows, _by_model(model, tensors, made)


def _by_model(model, tensors, made):
    """What the model itself gives, whose masks are not those of single calls; convolutions with
    channels first run compiled alone.
    """
    try:
        given = [np.asarray(one) for one in _flat(model(tensors, training=False))]
    except (tf.errors.OpError, NotImplementedError):
        return made
    left = iter(given)
    return [one._replace(expected=[next(left) for _ in one.expected]) for one in made]


def answers(model, rows, path):
    """What keramos answers for a model that Keras saved."""
    model.save(path)
    compiled = compile_network(read(path).network)
    return Session(compiled).run(
        {spec.name: row for spec, row in zip(compiled.inputs, rows, strict=True)}
    )


def differs(mine, theirs):
    """How an answer differs from Keras' own, or "" where it does not."""
    if theirs.dtype.kind in "OS":
        words = [one.decode() if isinstance(one, bytes) else one for one in theirs.ravel()]
        return "" if list(mine.ravel()) == words else f"{words[:5]} became {mine.ravel()[:5]}"
    if mine.shape != theirs.shape:
        return f"shape {theirs.shape} became {mine.shape}"
    mine, theirs = mine.astype(float), theirs.astype(float)
    scale = max(1.0, float(np.abs(theirs[np.isfinite(theirs)]).max(initial=0)))
    if np.allclose(mine, theirs, rtol=1e-4, atol=1e-5 * scale, equal_nan=True):
        return ""
    return f"differs by {np.abs(mine - theirs).max():.3g} of {scale:.3g}"


def faults(kind, name, path, seed=0):
    """Every value whose answer is not Keras' own; and the values that Keras computes."""
    left, wrong, reached = variants(kind), [], []
    for masked in (False, True) if DRAWS[kind].masked else (False,):
        for shapes in DRAWS[kind].shapes:
            model, rows, made = model_of(kind, name, left, shapes, seed, masked=masked)
            if not made:
                continue
            mine = iter(answers(model, rows, path))
            for one in made:
                found = [differs(next(mine), theirs) for theirs in one.expected]
                if any(found):
                    wrong.append((one.variant.own, shapes, found))
                reached.append(one.variant)
    return wrong, reached


def main():
    """Write the list; print what differs."""
    logging.disable(logging.WARNING)
    warnings.filterwarnings("ignore")
    lines = []
    for kind in DRAWS:
        found = {}
        for name in engines(kind):
            with tempfile.TemporaryDirectory() as folder:
                suffix = ".keras" if name == "keras" else ".h5"
                try:
                    wrong, reached = faults(kind, name, Path(folder) / f"m{suffix}")
                except ModelError as error:
                    wrong, reached = [error], []
            for one in wrong:
                sys.stderr.write(f"{kind} {name} {one}\n")
            for option, value in (item for one in reached for item in one.own.items()):
                found.setdefault((option, shown(value)), {})[name] = None
        lines += [
            f"{kind} {option} = {value}: {' '.join(names)}\n"
            for (option, value), names in found.items()
        ]
        keras.backend.clear_session(free_memory=False)
    REACHED.write_text("".join(lines))


if __name__ == "__main__":
    main()
