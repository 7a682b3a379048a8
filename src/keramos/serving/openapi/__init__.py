"""The server's description of itself: an OpenAPI 3.1 document."""
