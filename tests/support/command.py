"""The command line, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = str(Path(sys.executable).with_name("keramos"))


def keramos(*args, cwd=None, stdin=None, **environment):
    """Run the real command line in a process of its own."""
    env = {**os.environ, "COLUMNS": "100", **environment}
    return subprocess.run(
        [PROGRAM, *map(str, args)],
        capture_output=True,
        text=True,
        cwd=cwd,
        input=stdin,
        env=env,
        check=False,
    )
