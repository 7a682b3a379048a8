"""Cells that are a picture or a text, and their way to an array of the network."""
