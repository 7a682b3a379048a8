"""keramos adopt: a model and what lay beside it become one file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keramos.cli.completion import PATH
from keramos.cli.json_option import json_option
from keramos.cli.limits import limit_option
from keramos.cli.ways import by_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.pipeline.adopt import Adopted, Proposal


@click.command("adopt", epilog="Example: keramos adopt model.h5 scaler.pkl -o whole.keras")
@click.argument("paths", nargs=-1, required=True, type=PATH)
@click.option(
    "-o", "--output", required=True, type=PATH, help="Model file to write: .h5 or .keras."
)
@click.option("--recipe", type=PATH, metavar="TOML", help="Values of the recipe that you state.")
@click.option("--choose", type=int, metavar="N", help="The answer to the question, from 1 on.")
@click.option("--yes", is_flag=True, help="Never ask: write only if nothing is ambiguous.")
@click.option(
    "--check",
    type=PATH,
    metavar="DATA",
    help="A table, a folder of pictures or a series on which the file is compared with the "
    "original parts, and with the app where that does otherwise.",
)
@click.option(
    "--upgrade",
    is_flag=True,
    help="Write a network that adoption leaves as it is for current Keras, not as its Keras wrote "
    "it.",
)
@json_option("The recipe as JSON.")
@by_option
@limit_option
def command(
    paths: tuple[str, ...],
    output: str,
    recipe: str | None,
    choose: int | None,
    check: str | None,
    *,
    yes: bool,
    upgrade: bool,
    as_json: bool,
    **opening: object,
) -> None:
    """Fold a model and its companions (PATHS: the model first, or one folder) into one file that
    takes raw input. Pickles are read as data, nothing in them is run.
    """
    from keramos.artifact.write import check_extension
    from keramos.pipeline.adopt import propose
    from keramos.platform.atomic_write import check_target

    check_extension(Path(output))
    check_target(output)
    _check_not_read(Path(output), [Path(path) for path in paths])
    proposal = propose(paths[0], paths[1:], recipe=recipe, **opening)  # type: ignore[arg-type]  # click checks them
    answer = _answer(proposal, choose, ask=not (yes or as_json))
    adopted = proposal.adopted(answer)
    compared = adopted.compare(check) if check else None
    form = adopted.save(output, upgrade=upgrade)
    if as_json:
        _print_json(adopted, compared, form)
        return
    if not _asked(proposal, choose):
        _show(adopted)
    click.echo(
        f"{output}: on {len(adopted.golden.outputs)} rows the largest difference from the original "
        f"parts is {adopted.difference:.3g}"
    )
    click.echo(form.text())
    if compared is not None:
        click.echo(compared.text())


def _check_not_read(target: Path, sources: Sequence[Path]) -> None:
    """Refuse to write over a file that is adopted."""
    from keramos.errors import UsageError

    for source in sources:
        read, written = (Path(os.path.realpath(path)) for path in (source, target))
        inside = source.is_dir() and read in written.parents
        if target.exists() and (inside or read == written):
            raise UsageError(
                f"the target is, or lies in, the source {source}",
                file=str(target),
                remedy="Write somewhere else",
            )


def _asked(proposal: Proposal, choose: int | None) -> bool:
    return proposal.question is not None and choose is None


def _answer(proposal: Proposal, choose: int | None, *, ask: bool) -> int:
    """The place of the chosen recipe; asks where pieces fit in several ways."""
    from keramos.pipeline.adopt import answer_of, undecided

    if not _asked(proposal, choose):
        return answer_of(proposal, choose)
    if not ask:
        raise undecided(proposal)
    _show(proposal.adopted(0), sure=False)
    question = proposal.question
    click.echo(question.text if question else "")
    for number, text in enumerate(proposal.previews(), 1):
        click.echo(f"  {number}: {text}")
    click.echo("Answer (a number, or n to stop): ", nl=False)
    said = sys.stdin.readline().strip().lower()
    if said in {"y", "yes"}:
        said = "1"
    if not said.isdecimal():
        raise undecided(proposal)
    return answer_of(proposal, int(said))


def _show(adopted: Adopted, *, sure: bool = True) -> None:
    from keramos.report.recipe import recipe_lines

    click.echo("\n".join(recipe_lines(adopted.content, adopted.left_out, sure=sure)))


def _print_json(adopted: Adopted, compared: object, form: object) -> None:
    import msgspec

    document = {
        "adoption": adopted.content.adoption,
        "rule": adopted.content.rule,
        "difference": adopted.difference,
        "compared": compared,
        "form": form,
        "left_out": adopted.left_out,
    }
    click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
