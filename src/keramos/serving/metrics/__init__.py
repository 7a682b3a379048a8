"""Metric families and their text for Prometheus."""
