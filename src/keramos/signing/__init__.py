"""Cryptographic signatures of model files."""
