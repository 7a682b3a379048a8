"""Saved models: read from every form that Keras has, written as one Keras file.

A path becomes an ``Artifact``; an ``Artifact`` becomes a complete file. Inside, a source (the bytes
of a file or folder) is opened as a container, whose config becomes a network (``keras``), which is
filled with its weights (``weights``) and joined by what keramos stored beside it (``content``).
Nothing in a file is imported, executed or followed; limits.py bounds what is read.
It may import ``keramos.types``, ``keramos.errors``, numpy and msgspec; h5py only where a file is
written (extra ``write``).
"""
