"""``python -m keramos``: the command line where its script is not on the path."""

from __future__ import annotations

from keramos.cli import main

if __name__ == "__main__":  # workers of a server import this file too
    main()
