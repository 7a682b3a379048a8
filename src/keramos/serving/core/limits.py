"""Limits of one request that no option changes, the same for every protocol and format."""

from __future__ import annotations

MAX_DEPTH = 64
"""Containers of JSON inside one another; a tensor has 32 axes at most."""

MAX_CONTAINERS = 1 << 22
"""Lists and objects of JSON, or messages of protocol buffers, of one request."""

MAX_VALUES = 1 << 24
"""Values of one request: cells of its rows, or elements of all its tensors."""

MAX_AXES = 32
"""Axes of a tensor."""

MAX_PROBLEMS = 100
"""Problems that a reply lists; it counts all that were found."""
