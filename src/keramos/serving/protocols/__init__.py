"""One file a protocol; each only translates between its words and the registry's."""
