"""Metrics, intervals, thresholds and observations; knows no training engine."""
