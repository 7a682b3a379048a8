"""The version of keramos, in the one place that the package, the files it writes and the command
line read.
"""

__version__ = "0.1.0"
