"""Where keramos stores what it adds to a Keras file."""

HDF5_CONTENT = "keramos/content"
"""The dataset of an HDF5 file."""

ARCHIVE_CONTENT = "keramos/content.json"
"""The entry of a ``.keras`` archive."""
