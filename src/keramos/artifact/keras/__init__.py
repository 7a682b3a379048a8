"""Configurations of Keras models: every generation read, the current one written."""
