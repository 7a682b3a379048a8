"""One file a generation: old layer configs and weights -> the vocabulary of current Keras 3."""
