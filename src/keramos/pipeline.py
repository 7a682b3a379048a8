"""The hallway: knows the order of the rooms."""
