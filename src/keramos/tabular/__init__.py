"""Kinds of table columns: what a cell means, how it is refused, and what the model receives.

One file a kind, one row of ``kinds.KINDS`` each. Every way in (rows, DataFrames, text files, Arrow
batches, requests) asks the kind about each cell, so that all of them give one answer.
May import: ``keramos.types``, ``keramos.errors``, numpy; pyarrow only in ``arrow.py``.
"""
