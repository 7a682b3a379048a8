"""keramos sign: write the signature of a model file."""

from __future__ import annotations

import click

from keramos.cli.completion import PATH
from keramos.cli.json_option import json_option
from keramos.cli.output import remark


@click.command(
    "sign",
    epilog="Example: keramos sign --new-key release; keramos sign model.h5 --key release.pem",
)
@click.argument("model", required=False, type=PATH)
@click.option(
    "--key",
    type=PATH,
    help="File with the private key (PEM). KERAMOS_KEY_PASSWORD holds its password, if it has one.",
)
@click.option("-o", "--output", type=PATH, help="File of the signature.  [default: MODEL.sig]")
@click.option(
    "--name",
    metavar="MODEL[@VERSION]",
    help="Sign it for this model, or this version of it, alone: stores and servers then take it "
    "under no other name.",
)
@click.option(
    "--new-key", metavar="NAME", help="Instead: write NAME.pem (private) and NAME.pub.pem (public)."
)
@json_option()
def command(
    model: str | None,
    *,
    key: str | None,
    output: str | None,
    name: str | None,
    new_key: str | None,
    as_json: bool,
) -> None:
    """Sign MODEL in the OpenSSF Model Signing format: whoever has the public key can see that
    nothing was changed.
    """
    from keramos.signing import signing

    if new_key and not (model or key or output or name):
        private, public = signing.new_key(new_key)
        done = {"private": str(private), "public": str(public)}
        said = f"{private}: keep it secret; {public}: give it to whoever opens your models"
    elif model and key and not new_key:
        done = {"signature": str(signing.sign(model, key=key, output=output, name=name))}
        said = f"{done['signature']}: signature of {model}"
    else:
        raise click.UsageError("name MODEL and --key, or --new-key alone")
    if as_json:
        import json

        click.echo(json.dumps(done))
        return
    remark(said)
