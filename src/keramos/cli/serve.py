"""keramos serve: answer requests over HTTP."""

from __future__ import annotations

import click


@click.command("serve", epilog="Example: keramos serve model.h5 --port 8501")
@click.argument("path")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8501, show_default=True, help="Port to listen at.")
def command(path: str, *, host: str, port: int) -> None:
    """Serve the model file PATH, or every model file in the folder PATH."""
    import uvicorn

    from keramos.serve.app import App
    from keramos.serve.engine import Engine
    from keramos.serve.files import Files
    from keramos.serve.lifecycle import Lifecycle

    engine = Engine()
    versions = Lifecycle(engine, Files(path))
    versions.look()
    versions.watch(1.0)
    uvicorn.run(App(engine), host=host, port=port, log_level="warning", lifespan="off")
