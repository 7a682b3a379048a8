"""Models of one picture: recognised by their input, proposed by their family and labels."""
