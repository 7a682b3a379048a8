"""What layer functions share: the call they lower, options, activations, windows, recurrence."""
