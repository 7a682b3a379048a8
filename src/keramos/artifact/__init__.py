"""Room 4, Network and everything beside it <-> one file.

Enters: a path or an ``Artifact``. Leaves: an ``Artifact`` or a complete file.
Nothing in a file is imported, executed or followed; limits.py bounds what is read.
May import: ``keramos.types``, ``keramos.errors``, numpy, msgspec; h5py for writing.
"""
