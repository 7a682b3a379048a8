"""Room 5, Network -> ONNX.

Enters: a ``Network``. Leaves: ``Compiled`` (ONNX bytes with named inputs and outputs), or one error
that names everything that cannot be compiled. May import: ``keramos.types``, ``keramos.errors``,
numpy.
"""
