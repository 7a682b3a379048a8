"""Other hosts of the server: Ray Serve."""
