"""keramos verify: check a model file against its own golden rows."""

from __future__ import annotations

import click

from keramos.cli.completion import PATH
from keramos.cli.json_option import json_option
from keramos.cli.limits import limit_option
from keramos.cli.output import say
from keramos.cli.replace import replace_option
from keramos.cli.ways import by_option


@click.command("verify", epilog="Example: keramos verify model.h5 --against-keras")
@click.argument("model", type=PATH)
@click.option(
    "--against-keras", is_flag=True, help="Also open it in plain Keras and compare answers."
)
@click.option(
    "--key",
    "--require-signature",
    "key",
    type=PATH,
    help="File with a public key: the signature must hold for it.",
)
@click.option("--signature", type=PATH, help="File of the signature.  [default: MODEL.sig]")
@replace_option
@by_option
@limit_option
@json_option()
def command(
    model: str,
    *,
    against_keras: bool,
    key: str | None,
    signature: str | None,
    as_json: bool,
    **opening: object,
) -> None:
    """Report each check of MODEL; exit 1 if one fails."""
    from keramos.pipeline.verify import verify

    if signature and not key:
        raise click.UsageError(
            "--signature is checked against a public key; name its file with --key"
        )
    checks = verify(
        model,
        against_keras=against_keras,
        key=key,
        signature=signature,
        **opening,  # type: ignore[arg-type]  # click checks them
    )
    if as_json:
        import json

        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(checks), indent=2))
    else:
        for check in checks:
            say(f"{'passed' if check.passed else 'FAILED'}  {check.name}: {check.detail}")
    if not all(check.passed for check in checks):
        raise click.exceptions.Exit(1)
