"""Drift of live data against the training data."""
