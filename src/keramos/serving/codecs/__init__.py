"""Wire formats to arrays and rows, and back; shared by the protocols."""
