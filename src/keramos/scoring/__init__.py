"""Room 7b, files in -> files out, at any size."""
