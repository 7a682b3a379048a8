"""Recipes beside the tutorial's: linear, network and trees, one of them or a blend of all."""
