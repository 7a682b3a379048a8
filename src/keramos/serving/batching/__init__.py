"""Requests of one moment, answered by one run."""
