"""Gradient boosting of oblivious trees in NumPy, and the trees as built-in Keras layers."""
