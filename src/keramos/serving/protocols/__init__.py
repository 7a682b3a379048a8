"""One package a protocol: routes and RPCs, and the types of their bodies."""
