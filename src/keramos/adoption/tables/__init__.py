"""Tables: a row of numbers enters the network, and scikit-learn made it from raw columns."""
