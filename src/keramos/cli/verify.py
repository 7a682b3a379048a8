"""keramos verify: check a model file against its own golden rows."""

from __future__ import annotations

import click


@click.command("verify", epilog="Example: keramos verify model.h5 --against-keras")
@click.argument("model")
@click.option("--against-keras", is_flag=True, help="Also open it in plain Keras and compare answers.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
def command(model: str, *, against_keras: bool, as_json: bool) -> None:
    """Report each check of MODEL; exit 1 if one fails."""
    from keramos.pipeline.verify import verify

    checks = verify(model, against_keras=against_keras)
    if as_json:
        import json

        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(checks), indent=2))
    else:
        for check in checks:
            click.echo(f"{'passed' if check.passed else 'FAILED'}  {check.name}: {check.detail}")
    if not all(check.passed for check in checks):
        raise click.exceptions.Exit(1)
