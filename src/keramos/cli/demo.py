"""keramos demo: the whole pipeline on 1000 real rows."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.inference.model import Model
    from keramos.report.screen import Screen

_NEW_ROWS = 5
_DEPLOYED = """
import sys
import keramos
from keramos.data.read import as_table
model = keramos.load(sys.argv[1])
table = as_table(sys.argv[2])
target = model.content.schema.target.name
rows = [
    {name: column.values[row] for name, column in table.columns.items() if name != target}
    for row in range(table.rows)
]
print(model.trace(rows[0]))
print()
for row, decision in enumerate(model.decide(rows), 1):
    print(f"new row {row}: {decision.rule}")
heavy = sorted({"tensorflow", "keras", "jax", "torch"} & set(sys.modules))
print()
print("modules of tensorflow, keras, jax, torch in this process:", ", ".join(heavy) or "none")
"""
"""The program of a machine without TensorFlow; its arguments: model file, table of new rows."""


@click.command("demo", epilog="Example: keramos demo --keep demo-output")
@click.option("--keep", default="demo-output", show_default=True, help="Folder for its files.")
@click.option("--images", is_flag=True, help="Adopt a small model of pictures and its labels.")
def command(*, keep: str, images: bool) -> None:
    """Train on 1000 real rows by the tutorial's recipe and by auto, save model.h5 and auto.h5, load
    model.h5 without TensorFlow and decide new rows. With --images: adopt a folder in the form of
    Teachable Machine's exports and decide photos.
    """
    folder = Path(keep)
    _make_folder(folder)
    if images:
        from keramos.cli.demo_images import show

        show(folder, _program(), _section)
    else:
        _train(folder)


def _train(folder: Path) -> None:
    from keramos.datasets import GERMAN_CREDIT
    from keramos.pipeline.inspect import describe
    from keramos.pipeline.load import load
    from keramos.pipeline.train import train
    from keramos.report.screen import screen_of
    from keramos.report.text import data_flow, file, quality, quiz, training
    from keramos.report.views.model import model_view
    from keramos.report.views.proof import proof
    from keramos.report.views.questions import questions

    model, new_rows = folder / "model.h5", folder / "new_rows.csv"
    lines = GERMAN_CREDIT.read_text().splitlines()
    click.echo(
        f"Statlog German Credit (UCI, CC BY 4.0): {len(lines) - 1} rows. Will a loan be repaid?\n"
    )
    run = train(GERMAN_CREDIT, "risk", recipe="tutorial")
    run.save(model)
    loaded, screen = load(model), screen_of(sys.stdout)
    view = model_view(describe(loaded.artifact), None, model.stem)
    _section("DATA FLOW", data_flow(view, screen))
    _section("TRAINING TRACE", [*training(view, screen), "", *quality(view, screen)])
    _section("THE FILE", [*file(view, screen), *_against_keras(model, loaded)])
    other = train(GERMAN_CREDIT, "risk", recipe="auto")
    other.save(folder / "auto.h5")
    _section("TUTORIAL AND AUTO, SIDE BY SIDE", _compared((model, folder / "auto.h5"), screen))
    unseen = [lines[row + 1] for row in run.split.held_out[-_NEW_ROWS:]]  # training never saw them
    new_rows.write_text("\n".join([lines[0], *unseen]) + "\n")
    _section("PREDICTION TRACE (a new process with the model file)", _deployed(model, new_rows))
    _section(
        "CHECK YOURSELF", quiz(screen, questions(loaded, proof(describe(loaded.artifact), loaded)))
    )
    program = _program()
    click.echo(
        f"Go on:\n  {program} inspect {model}\n  {program} predict {model} {new_rows}\n"
        f"  {program} serve {model}"
    )


def _program() -> str:
    """How to call keramos from this shell."""
    called, found = Path(sys.argv[0]), shutil.which("keramos")
    if not called.is_file() or (found and called.samefile(found)):
        return "keramos"
    return str(called)


def _make_folder(folder: Path) -> None:
    from keramos.errors import SaveError
    from keramos.platform.atomic_write import check_target

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SaveError(
            f"the folder cannot be made: {error.strerror}",
            file=str(folder),
            remedy="Name another one with --keep",
        ) from None
    check_target(folder / "model.h5")


def _section(title: str, lines: list[str]) -> None:
    click.echo("\n".join([title, "-" * len(title), *lines, ""]))


def _compared(paths: Sequence[Path], screen: Screen) -> list[str]:
    """The tutorial's model and that of ``auto``, on the same held-out rows."""
    from keramos.pipeline.inspect import describe
    from keramos.pipeline.load import load
    from keramos.report.side_by_side import side_by_side
    from keramos.report.text import candidates
    from keramos.report.views.model import model_view

    views = [model_view(describe(load(path).artifact), None, path.stem) for path in paths]
    return [*side_by_side(views, screen), "", *candidates(views[-1], screen)]


def _against_keras(path: Path, model: Model) -> list[str]:
    """What plain Keras answers to the golden rows of the file."""
    import numpy as np

    from keramos.runtime.verify import golden_feeds

    try:
        from keramos.training.keras_engine.answers import keras_outputs
    except ImportError:
        return [f"{'plain Keras':<12} is not here; pip install 'keramos[keras]' to compare with it"]
    if model.content is None:
        return []
    fed = golden_feeds(model.content, model.inputs)
    theirs = keras_outputs(path, fed)[0]
    difference = float(np.abs(model.run(fed)[0].astype(float) - theirs.astype(float)).max())
    opened = f"tf.keras.models.load_model('{path.name}') opens it with default arguments"
    return [
        f"{'plain Keras':<12} {opened};",
        f"{'':<12} largest difference to keramos on {len(theirs)} rows: {difference:.2g}",
    ]


def _deployed(model: Path, new_rows: Path) -> list[str]:
    done = subprocess.run(  # noqa: S603 (this very interpreter, with the text above)
        [sys.executable, "-c", _DEPLOYED, str(model), str(new_rows)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise click.ClickException(done.stderr.strip())
    return done.stdout.rstrip().splitlines()
