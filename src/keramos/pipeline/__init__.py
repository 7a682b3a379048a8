"""The hallway: knows the order of the rooms, and nothing below it does.

train: data -> prepare -> compile -> train -> artifact.  load: artifact -> compile -> runtime ->
proof. May import: every room below, never the front doors.
"""
