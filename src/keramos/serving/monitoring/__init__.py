"""Live drift and shadow versions."""
