"""Models of one text: recognised by their input and the vocabulary beside them."""
