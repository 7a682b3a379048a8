"""Loaded models and their versions; where versions come from."""
