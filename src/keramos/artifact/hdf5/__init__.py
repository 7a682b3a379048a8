"""Our own reader of HDF5 files: what Keras writes, as plain arrays and text, and nothing else.

One file a part of the format: superblock, object headers, links, attributes, datatypes, dataspaces,
storage. Source of every structure: HDF5 File Format Specification Version 3.0. Every offset, size
and count that a file declares is checked against the bytes that are there before it is used; no
walk recurses; nothing outside the bytes is ever opened.
"""

from keramos.artifact.hdf5.file import Hdf5

__all__ = ["Hdf5"]
