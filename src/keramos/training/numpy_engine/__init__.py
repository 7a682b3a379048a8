"""The engine that trains dense networks with NumPy alone."""
