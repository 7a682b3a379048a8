"""Room 1, the outside world -> Table.

Enters: paths, DataFrames, rows. Leaves: ``Table`` and ``Schema`` (what the columns are).
May import: ``keramos.types``, ``keramos.errors``; pyarrow and narwhals only in the files named
after them.
"""
