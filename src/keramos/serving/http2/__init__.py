"""HTTP/2 (RFC 9113) for servers: header compression, frames, connections."""
