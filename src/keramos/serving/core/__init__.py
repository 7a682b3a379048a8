"""Contracts of the server: messages, routes, RPCs, counters, access, settings."""
