"""Loaded models behind network protocols: one registry, protocols that only translate."""
