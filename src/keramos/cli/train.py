"""keramos train: table in, one Keras file out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keramos.cli.completion import PATH
from keramos.cli.json_option import json_option
from keramos.cli.output import is_quiet
from keramos.training.engines import AUTO, ENGINES
from keramos.training.recipes import RECIPES

if TYPE_CHECKING:
    from keramos.pipeline.training_run import Run
    from keramos.report.screen import Screen
    from keramos.types.training import Epoch

TASKS = ("binary", "multiclass", "regression")
SCALINGS = ("minmax", "standard")


_PLAN = (
    *("epochs", "batch_size", "hidden", "learning_rate", "seed"),
    *("early_stopping", "class_weight", "engine", "recipe", "time", "loss"),
)
"""Options that are fields of ``TrainingPlan``."""


def _hidden(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in value.split(",")) if value else ()
    except ValueError:
        raise click.BadParameter(
            f"unit counts such as 64,32 are needed; received {value!r}"
        ) from None


def _goal(_: click.Context, __: click.Parameter, value: str) -> float | str | tuple[float, float]:
    try:
        parts = [float(part) for part in value.split(",")]
    except ValueError:
        return value
    return (parts[0], parts[1]) if len(parts) == 2 else parts[0]  # noqa: PLR2004 (two costs)


def _by_column(
    _: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    wrong = [value for value in values if "=" not in value]
    if wrong:
        raise click.BadParameter(f"{option.metavar} is needed; received {wrong[0]!r}")
    return dict(value.split("=", 1) for value in values)


def _missing(values: object) -> tuple[tuple[str, ...], dict[str, str]]:
    """Texts that mean a missing cell, and what becomes of missing values by column."""
    given: tuple[str, ...] = values  # type: ignore[assignment]  # click gives texts
    policies = [one.rpartition("=") for one in given if one.endswith(("=impute", "=refuse"))]
    texts = tuple(one for one in given if not one.endswith(("=impute", "=refuse")))
    return texts, {column: policy for column, _, policy in policies}


@click.command(
    "train", epilog="Example: keramos train credit.csv --target risk -o model.h5 --drop customer_id"
)
@click.argument("table", nargs=-1, required=True)
@click.option("--target", required=True, help="Column to predict.")
@click.option(
    "-o", "--output", required=True, type=PATH, help="Model file to write: .h5 or .keras."
)
@click.option("--drop", multiple=True, help="Column to leave out (repeat for more).")
@click.option(
    "--categorical", multiple=True, help="Column to take as categories (repeat for more)."
)
@click.option("--numeric", multiple=True, help="Column to take as numbers (repeat for more).")
@click.option(
    "--trim",
    multiple=True,
    metavar="COLUMN",
    help="Column of text whose surrounding blanks are removed, now and from every row later.",
)
@click.option(
    "--unit",
    "units",
    multiple=True,
    callback=_by_column,
    metavar="COLUMN=UNIT",
    help="Unit of a column.",
)
@click.option(
    "--missing",
    multiple=True,
    metavar="TEXT|COLUMN=impute|COLUMN=refuse",
    help="Text that means a missing cell, beside the usual ones; or whether missing values of a "
    "column (*: of every other) are filled or refused, whatever training rows had (repeat).",
)
@click.option(
    "--written",
    multiple=True,
    callback=_by_column,
    metavar="COLUMN=EXAMPLE",
    help="How a column writes the number 1234.5 or the date 2024-01-31: price=1.234,5.",
)
@click.option("--task", type=click.Choice(TASKS), help="Instead of what the target suggests.")
@click.option("--positive", help="Class whose probability a binary model gives.")
@click.option("--scaling", type=click.Choice(SCALINGS), help="Of numbers.  [default: the recipe's]")
@click.option(
    "--threshold",
    default="0.5",
    callback=_goal,
    show_default=True,
    help="A number; accuracy, f1, balanced_accuracy or youden to tune it for; or COST_FP,COST_FN.",
)
@click.option("--split-by", metavar="COLUMN", help="Hold out whole groups of this column.")
@click.option("--time-column", metavar="COLUMN", help="Hold out the latest rows by this column.")
@click.option(
    "--weight-column",
    metavar="COLUMN",
    help="How much each row counts, in learning and in metrics.",
)
@click.option(
    "--loss",
    default="",
    metavar="WORD",
    help="Of a target of numbers: squared, absolute, huber[:DELTA], quantile[:LEVEL] or poisson."
    "  [default: squared]",
)
@click.option(
    "--interval",
    type=float,
    metavar="SHARE",
    help="Keep an interval, or a set of classes, that holds the truth of this share of rows: 0.9.",
)
@click.option("--from", "start", metavar="FILE", help="Go on from a file of the recipe tutorial.")
@click.option(
    "--max-rows",
    default=0,
    metavar="N",
    help="Take N rows, chosen by a hash.  [default: all; 1,000,000 of many or large Parquet files]",
)
@click.option(
    "--calibrate", is_flag=True, help="Make probabilities mean what they say, by a temperature."
)
@click.option("--importance", is_flag=True, help="Measure how much answers depend on each column.")
@click.option(
    "--by", multiple=True, metavar="COLUMN", help="Keep metrics for each group of this column."
)
@click.option("--folds", default=0, metavar="K", help="Judge K models more on other held-out rows.")
@click.option("--repeats", default=1, metavar="N", help="Draw the folds N times.")
@click.option("--epochs", default=10, show_default=True)
@click.option("--batch-size", default=0, help="Rows a step.  [default: suits the table]")
@click.option(
    "--hidden",
    callback=_hidden,
    metavar="N,N",
    help="Units of a network's hidden layers.  [default: 64,32 of recipe tutorial, else 128,64]",
)
@click.option(
    "--learning-rate",
    default=0.0,
    help="Of a network's optimizer, Adam or AdamW.  [default: the recipe's]",
)
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--early-stopping", default=0, metavar="N", help="Stop after N epochs without improvement."
)
@click.option("--class-weight", is_flag=True, help="Give every class the same total weight.")
@click.option(
    "--engine",
    type=click.Choice([AUTO, *ENGINES]),
    default=AUTO,
    show_default=True,
    help="What trains the network.",
)
@click.option(
    "--recipe",
    type=click.Choice(list(RECIPES)),
    callback=lambda _, __, value: value or "",
    help="; ".join(f"{name}: {one.summary}" for name, one in RECIPES.items())
    + ".  [default: auto; tutorial with --engine keras or --early-stopping]",
)
@click.option(
    "--time",
    default=0.0,
    metavar="SECONDS",
    help="Processor time for trying candidates and learning again.  [default: no bound]",
)
@click.option(
    "--log",
    metavar="mlflow|tensorboard:FOLDER",
    help="Log each epoch, the held-out metrics and (MLflow) the model.",
)
@json_option()
def command(
    table: tuple[str, ...],
    target: str,
    output: str,
    *,
    as_json: bool,
    log: str | None,
    **options: object,
) -> None:
    """Train a network on TABLE (.csv .tsv .jsonl .parquet .arrow .xlsx, or - for CSV from standard
    input), or on several files with the same columns.
    """
    from keramos.artifact.write import check_extension
    from keramos.pipeline.train import train
    from keramos.platform.atomic_write import check_target
    from keramos.report.layout import paragraph
    from keramos.report.screen import screen_of
    from keramos.report.text import epoch_line
    from keramos.types.training import TrainingPlan

    check_extension(Path(output))
    check_target(output)
    options["missing"], options["gaps"] = _missing(options.pop("missing"))
    plan = TrainingPlan(**{name: options.pop(name) for name in _PLAN})  # type: ignore[arg-type]
    live, screen = sys.stderr.isatty(), screen_of(sys.stdout)

    def show(epoch: Epoch) -> None:
        if live and not is_quiet():
            click.echo(epoch_line(epoch, "metric"), err=True)

    def tell(message: str) -> None:
        if not (as_json or is_quiet()):
            click.echo("\n".join(paragraph(screen, message, "", "  ")))

    tables = table[0] if len(table) == 1 else table
    run = train(tables, target, plan=plan, log=log, on_epoch=show, on_message=tell, **options)  # type: ignore[arg-type]
    run.save(output)
    _show(run, output, screen, as_json=as_json)


def _show(run: Run, output: str, screen: Screen, *, as_json: bool) -> None:
    """What was trained: as JSON, or as data flow, training and quality of the file."""
    from keramos.artifact.read import read
    from keramos.pipeline.inspect import describe
    from keramos.report.text import document
    from keramos.report.views.model import model_view

    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(run.content)).decode())
        return
    if is_quiet():
        return
    view = model_view(describe(read(output)), None, Path(output).stem)
    click.echo("\n".join(document(view, screen, ("flow", "training", "quality", "file"))))
