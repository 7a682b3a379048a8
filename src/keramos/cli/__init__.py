"""The front door: one file a command.

Enters: what people type. Leaves: readable text or JSON on stdout, one message on stderr, exit code 0, 1 or 2.
"""
