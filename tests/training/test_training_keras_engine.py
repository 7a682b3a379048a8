"""The engine that trains with Keras keeps every promise of an engine."""

from engine_suite import EngineSuite


class TestKeras(EngineSuite):
    name = "keras"
