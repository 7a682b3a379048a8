"""Frozen values: dataclasses to their users, without generated code."""

from __future__ import annotations

import pickle
from dataclasses import MISSING, asdict, fields, is_dataclass, replace

import pytest

from keramos.frozen import Frozen


class Point(Frozen, frozen=True):
    """Two numbers."""

    x: int
    y: int = 0


class Circle(Frozen, frozen=True):
    """A value that holds a value."""

    centre: Point
    radius: int


def test_a_frozen_value_is_a_dataclass_to_its_users():
    circle = Circle(Point(1), 2)
    assert is_dataclass(circle)
    assert [field.name for field in fields(Circle)] == ["centre", "radius"]
    assert [field.default for field in fields(Point)] == [MISSING, 0]
    assert replace(circle, radius=3) == Circle(Point(1, 0), 3)
    assert asdict(circle) == {"centre": {"x": 1, "y": 0}, "radius": 2}
    with pytest.raises(TypeError):
        replace(circle, diameter=3)


def test_a_frozen_value_does_not_change_and_equal_values_are_one():
    point = Point(1)
    with pytest.raises(AttributeError):
        point.x = 2
    assert len({point, Point(1), Point(2)}) == 2
    assert pickle.loads(pickle.dumps(point)) == point  # noqa: S301 (our own)
