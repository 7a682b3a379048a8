"""Room 2, Table -> Preparation.

Enters: typed columns and their Schema. Leaves: ``Preparation`` (what the training rows taught), the
``Network`` of built-in layers that applies it, and ``Feeds`` (the model's inputs for given rows).
May import: ``keramos.types``, ``keramos.errors``, numpy.
"""
