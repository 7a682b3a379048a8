"""Models of a series: recognised by their window, proposed by scaler, columns and source."""
