"""Fitted transforms of other libraries: read from records, computed by numpy, said in layers.

One file each; ``table`` has a row for each.
"""
