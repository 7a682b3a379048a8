"""A loaded model: rows in, answers out. Works for any Keras file; knows columns and rules where
keramos wrote them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from msgspec.structs import replace

from keramos.compile.emit import compile_network
from keramos.compile.structures import arranged, predicted
from keramos.errors import MissingExtraError, UsageError
from keramos.inference.arrays import answers_without_rows, array_feeds, rows_at_once
from keramos.inference.decisions import Decisions
from keramos.inference.raw_inputs import raw_reader
from keramos.inference.rows import files_named, is_rows, one_row_as_rows, with_every_column
from keramos.prepare.rows import row_feeder
from keramos.runtime.decide import decide
from keramos.runtime.session import Session
from keramos.types.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from keramos.inference.deciding import Decided
    from keramos.inference.row_warnings import RowWarnings
    from keramos.inference.scored import Batches, Scorer
    from keramos.prepare.rows import Feeder
    from keramos.types.artifact import Artifact, Content
    from keramos.types.limits import Limits
    from keramos.types.network import Compiled, TensorSpec
    from keramos.types.prediction import Decision, Feeds, Predicted, PredictionTrace
    from keramos.types.table import Table

Row = Mapping[str, object]
_FEW_ROWS = 1 << 14  # up to here a cell that is not plain costs a scan of the others, at most


class Model:
    """A model file, compiled and ready. Safe to share between threads."""

    def __init__(self, artifact: Artifact, compiled: Compiled) -> None:
        self.artifact = artifact
        self.inputs: tuple[TensorSpec, ...] = compiled.inputs
        self.outputs: tuple[TensorSpec, ...] = compiled.outputs
        self.session = Session(compiled)
        self.load_seconds = 0.0
        self.limits = LIMITS
        """The bounds under which the file was opened."""
        self.replacements: Mapping[str, object] = {}
        """What stands in for its layers that hold code, by name."""
        self.by: str | None = None
        """What of the file was asked for, a config or a graph; None: nothing."""
        self._fast: Feeder | None = (
            row_feeder(artifact.content.preparation, artifact.content.schema.columns)
            if artifact.content
            else None
        )
        self._raw = raw_reader(artifact.content)
        self._warnings: RowWarnings | None = None
        self.front: Session | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """Pickles and copies carry the network and the content as data, never the session or the
        file's other way to the same network.
        """
        artifact = replace(self.artifact, by_graph=None, endpoints=None)
        return _rebuilt, (artifact, self.limits, self.replacements, self.load_seconds)

    def __repr__(self) -> str:
        """File, inputs, outputs, and what it decides."""
        from keramos.inference.summary import as_text  # noqa: PLC0415 (start-up time)

        return as_text("keramos model", self._lines())

    def _lines(self) -> list[tuple[str, str]]:
        from keramos.inference.summary import (  # noqa: PLC0415 (start-up time)
            content_lines,
            file_lines,
            tensor_lines,
        )

        content = self.content
        own = content_lines(content) if content else tensor_lines(self.inputs, self.outputs)
        return [*file_lines(self.artifact.info), *own]

    def _repr_html_(self) -> str:
        from keramos.drawing import notebook  # noqa: PLC0415 (only notebooks draw)

        trace = self.content.trace if self.content else None
        drawn = [notebook.training(trace)] if trace else []
        return notebook.view("keramos model", notebook.pairs(self._lines()), *drawn)

    @property
    def content(self) -> Content | None:
        """What keramos stored beside the network, or None for a plain Keras file."""
        return self.artifact.content

    @overload
    def predict(self, x: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]: ...

    @overload
    def predict(self, x: object) -> Predicted: ...

    def predict(self, x: object) -> Predicted | Iterator[pa.RecordBatch]:
        """What Keras' ``predict`` returns: a list in the order of ``outputs``, or dicts and lists
        with the keys that the model was built with. One output, alone or in a list, is its array.

        Args:
            x: an array; a list of arrays in the order of ``inputs``; a dict of arrays by input
                name; or, for files with a schema, rows (dicts by column name) or any table: a
                DataFrame, a dict of columns, a path. An iterator of Arrow record batches gives an
                iterator of record batches: labels and scores.

        Raises:
            RowError: rows break a rule of the schema; names each with row, column, value and
                reason.
            MismatchError: arrays do not fit the model's inputs.
        """
        if type(x) is not np.ndarray and isinstance(x, Iterator):
            return self._batches(x)
        return predicted(self.run(self.feeds(x)), self.artifact.network)

    def decide(
        self, rows: object, *, on_error: Literal["raise", "skip"] = "raise", warnings: bool = True
    ) -> Decisions:
        """Label, score and the rule that decided, one a row: a list with ``to_pandas()``.

        Args:
            rows: one row or several (dicts by column name), a DataFrame of any library, a dict of
                columns, or a path.
            on_error: ``skip`` leaves out rows that break a rule of the schema; ``problems`` of the
                answer lists their cells and ``rows`` the numbers of the others.
            warnings: decisions name numbers outside the training range and unknown categories.

        Raises:
            UsageError: the file holds no decision rule.
            RowError: rows break a rule of the schema.

        Example:
            >>> model.decide({"age": 40, "housing": "own"})[0].label
        """
        content = self.need_content("decide")
        if on_error not in {"raise", "skip"}:
            raise UsageError("it is raise or skip", option="on_error", received=repr(on_error))
        given = self._as_rows(rows)
        index = getattr(rows, "index", None) if given is rows and type(rows) is not list else None
        if callable(index):  # a method, such as that of a tuple
            index = None
        warned = warnings and self.watch.known
        with files_named(rows, content if self._raw else None) as named:
            if on_error == "raise":
                decided = self.decided(self._rows_or_table(given), warnings=warnings)
                return Decisions(decided, content.rule, index=index, warned=warned)
            from keramos.data.read import as_table  # noqa: PLC0415 (start-up time)

            found = self.decide_table(as_table(self._complete(given)), warnings=warnings)
            made, bad = found.decisions, named(found.problems)
            return Decisions(
                made, content.rule, rows=found.rows, problems=bad, index=index, warned=warned
            )

    @property
    def watch(self) -> RowWarnings:
        """What finds the warnings of rows."""
        if self._warnings is None:
            from keramos.inference.row_warnings import RowWarnings  # noqa: PLC0415 (start-up time)

            self._warnings = RowWarnings(self.need_content("warn").preparation)
        return self._warnings

    def decided(self, fed: Feeds, *, warnings: bool = True) -> list[Decision]:
        """Decisions about what ``feeds`` gave, with their warnings."""
        decisions = decide(self.run(fed)[0], self.need_content("decide").rule)
        return self.watch.added(decisions, fed) if warnings else decisions

    def decide_table(self, table: Table, *, warnings: bool = True) -> Decided:
        """Decisions for every good row of a table; bad rows neither stop nor shift the others."""
        from keramos.inference.deciding import decided_table  # noqa: PLC0415 (start-up time)

        return decided_table(self, table, self.need_content("decide"), warnings=warnings)

    def batch_scorer(self, keep: Sequence[str] = (), columns: Sequence[str] = ()) -> Scorer:
        """What decides Arrow batches (extra ``tables``): many rows at once, bad ones listed apart.

        Args:
            keep: columns of the batches that its answers carry along.
            columns: for a plain Keras file, the columns that are its inputs, in order; it answers
                with scores alone.

        Raises:
            UsageError: columns are named for a file that knows them, or a kept column has the name
                of an answer.
            MissingExtraError: pyarrow is not installed.
        """
        try:
            from keramos.inference.arrow_batches import ArrowBatches  # noqa: PLC0415 (an extra)
        except ImportError as error:
            raise MissingExtraError(
                f"Arrow batches need {error.name}",
                remedy="Install it with: pip install 'keramos[tables]'",
            ) from None
        return self.scorer(ArrowBatches(), keep, columns)

    def scorer(
        self,
        batches: Batches,
        keep: Sequence[str],
        columns: Sequence[str],
        *,
        warn: bool = False,
    ) -> Scorer:
        """What decides batches that are stored as ``batches`` says, with a column of warnings
        where ``warn``; else as ``batch_scorer``.
        """
        from keramos.inference.scorers import scorer_of  # noqa: PLC0415 (for many rows)

        content = self.content
        if content is None:
            from keramos.inference.tensor_scorer import PlainScorer  # noqa: PLC0415 (for many rows)

            return PlainScorer(self.session, self.inputs, self.outputs, batches, keep, columns)
        if columns:
            raise UsageError(
                "the file names its columns itself",
                file=self.artifact.info.path,
                option="columns",
                received=", ".join(columns),
                remedy="Leave the option out; it is for plain Keras files",
            )
        return scorer_of(self.session, content, batches, keep, warn=warn)

    def trace(self, row: object) -> PredictionTrace:
        """The four steps from the saved file to the decision about one row.

        Args:
            row: a dict by column name, a pandas Series, or a picture.

        Raises:
            UsageError: the file holds no decision rule, or ``row`` is not one row.
            RowError: the row breaks a rule of the schema.
        """
        from keramos.inference.prediction_trace import traced  # noqa: PLC0415 (start-up time)

        content, rows = self.need_content("trace"), self._as_rows(row)
        if not is_rows(rows) or len(rows) != 1:
            raise UsageError(
                "a trace is of one row: a dict, a pandas Series or a picture",
                received=f"{type(row).__name__}",
            )
        return traced(self, rows[0], content)

    def _as_rows(self, given: object) -> object:
        """One row, or pictures or a series, as rows; anything else as it is."""
        if self._raw is not None:
            given = self._raw(given)
        return given if self.content is None else one_row_as_rows(given)

    def _complete(self, table: object) -> object:
        """Rows with all columns of the schema; other tables as they are."""
        content = self.need_content("read a table")
        return with_every_column(table, content) if is_rows(table) else table

    def _batches(self, given: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from keramos.data.conform import row_error  # noqa: PLC0415 (for many rows)

        scorer = self.batch_scorer()
        before = 0
        for batch in given:
            scored = scorer.score(batch, "the batches")
            if scored.rejected_rows:
                raise row_error(scored.problems(before), "the batches")
            before += batch.num_rows
            yield scored.decided

    def need_content(self, verb: str) -> Content:
        """The content, which ``verb`` cannot do without.

        Raises:
            UsageError: the file is a plain Keras file.
        """
        if self.content is None:
            raise UsageError(
                f"a plain Keras file without schema and decision rule cannot {verb}",
                file=self.artifact.info.path,
                remedy="Use predict() with arrays, or store both with attach() or adopt()",
            )
        return self.content

    def run(self, fed: Feeds) -> list[NDArray[np.generic]]:
        """Outputs in the order of ``outputs`` for what ``feeds`` gave; many rows go in parts, so
        memory stays flat.

        Raises:
            MismatchError: an array does not fit the model's input.
        """
        rows = len(next(iter(fed.values())))
        if not rows:
            return answers_without_rows(self.session, fed, self.outputs)
        step = rows_at_once(fed, rows) if rows > 1 else 1
        if rows <= step:
            return self.session.run(fed)
        parts = [
            self.session.run({name: array[at : at + step] for name, array in fed.items()})
            for at in range(0, rows, step)
        ]
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    def feeds(self, x: object) -> Feeds:
        """What ``run`` takes, from anything that ``predict`` takes.

        Raises:
            RowError: rows break a rule of the schema.
            DataError: a table lacks a column.
            MismatchError: arrays do not fit the model's inputs.
        """
        if self._raw is not None:
            x = self._raw(x)
        if isinstance(x, np.ndarray):
            return self._array_feeds([x])
        if type(x) is list and x and self.content is not None and self._is_row(x[0]):
            return self._rows_or_table(x)
        x = self._as_rows(x)
        if isinstance(x, Mapping) and not self._is_columns(x) and self._is_by_input(x):
            return self._array_feeds(arranged(x, self.artifact.network))
        if isinstance(x, (list, tuple)) and not x and self.content is None:
            return self._array_feeds([x for _ in self.inputs])
        if isinstance(x, (list, tuple)) and x and not self._is_row(x[0]):
            return self._array_feeds(self._listed(x))
        return self._rows_or_table(x)

    def _is_row(self, first: object) -> bool:
        """A dict in a list is a row, but for models whose inputs are dicts in a list."""
        nested = isinstance(self.artifact.network.input_structure, list)
        return isinstance(first, Mapping) and not nested

    def _is_by_input(self, x: Mapping[str, object]) -> bool:
        """A plain Keras file has no columns; elsewhere a dict without all inputs is a table."""
        return self.content is None or all(spec.name in x for spec in self.inputs)

    def _listed(self, x: Sequence[object]) -> Sequence[object]:
        network = self.artifact.network
        if len(self.inputs) > 1 or network.input_structure is not None or _is_array_list(x):
            return arranged(x, network)
        return [x]

    def _is_columns(self, x: Mapping[str, object]) -> bool:
        """A dict whose values are plain lists is a table where the file has a schema; arrays are
        model inputs.
        """
        return self.content is not None and not all(hasattr(value, "dtype") for value in x.values())

    def _array_feeds(self, arrays: Sequence[object]) -> Feeds:
        fed = array_feeds(arrays, self.inputs, nullable=self.content is not None)
        if self.content is not None and self.content.preparation.matrix:
            matrix = fed[self.inputs[0].name].astype("float32", copy=False)
            # One pass over the matrix tells whether all is finite; only then a second looks closer.
            if not isfinite(float(np.vdot(matrix, matrix))) and not np.isfinite(matrix).all():
                names = [column.name for column in self.content.schema.columns]
                return self._table_feeds({name: matrix[:, i] for i, name in enumerate(names)})
        return fed

    def _rows_or_table(self, rows: object) -> Feeds:
        self.need_content("read rows by column name")
        if self._fast is not None and is_rows(rows) and len(rows) <= _FEW_ROWS:
            fed = self._fast(rows)
            if fed is not None:
                return fed
        return self._table_feeds(rows)

    def _table_feeds(self, table: object) -> Feeds:
        # Arrays and a few rows need no reader of tables.
        from keramos.data.read import as_table  # noqa: PLC0415 (start-up time)
        from keramos.inference.deciding import table_feeds  # noqa: PLC0415 (start-up time)

        return table_feeds(as_table(self._complete(table)), self.need_content("read a table"))


def _is_array_list(x: Sequence[object]) -> bool:
    return len(x) == 1 and isinstance(x[0], np.ndarray)


def _rebuilt(
    artifact: Artifact, limits: Limits, replacements: Mapping[str, object], load_seconds: float
) -> Model:
    """What ``pickle`` and ``copy`` call."""
    model = Model(artifact, compile_network(artifact.network, limits=limits))
    model.limits, model.replacements = limits, replacements
    model.load_seconds = load_seconds
    return model
