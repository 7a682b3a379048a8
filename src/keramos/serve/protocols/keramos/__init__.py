"""keramos' own protocol."""
