"""Weights: which ones a layer has, in which order and layout a file keeps them, whether they
fit.
"""
