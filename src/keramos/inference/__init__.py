"""Model: predict, decide, explain; single rows, tables and tensors."""
