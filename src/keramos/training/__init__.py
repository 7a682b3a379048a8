"""Training engines: a prepared matrix -> Network and TrainingTrace.

An engine is an implementation of ``Trainer`` and one row of ``engines.ENGINES``. Only engines
import the library that they train with.
"""
