"""Room 7d, what a model's own file says -> text and pictures for people.

Enters: parcels of ``keramos.types``. Leaves: text.
May import: ``keramos.types``, ``keramos.errors``, ``keramos.pipeline``.
"""
