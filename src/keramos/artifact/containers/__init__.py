"""Containers of saved models: what a file is, and where its parts begin and end."""
