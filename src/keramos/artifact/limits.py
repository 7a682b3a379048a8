"""The bounds that readers keep; the value itself is shared by other rooms."""

from keramos.types.limits import LIMITS, Limits

__all__ = ["LIMITS", "Limits"]
