"""Texts -> the numbers that a network takes: how they become words, how words become numbers."""
