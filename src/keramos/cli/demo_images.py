"""keramos demo --images: a folder of Teachable Machine's form becomes one file."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import click

from keramos.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from keramos.inference.model import Model
    from keramos.pipeline.adopt import Adopted

_DEPLOYED = """
import sys
from time import perf_counter
import keramos
began = perf_counter()
model = keramos.load(sys.argv[1])
paths = sys.argv[2:]
answers = model.decide(paths)
seconds = perf_counter() - began
for path, answer in zip(paths, answers):
    name = path.replace(chr(92), "/").rpartition("/")[2]
    print(f"{name:<12} {answer.rule}")
print()
print(model.trace(paths[0]))
heavy = sorted({"tensorflow", "keras", "jax", "torch", "cv2"} & set(sys.modules))
print()
print(f"loaded and decided {len(paths)} pictures in {seconds * 1000:.0f} ms; modules of "
      "tensorflow, keras, jax, torch, cv2 in this process:", ", ".join(heavy) or "none")
"""
"""The program of a machine without TensorFlow; its arguments: model file, pictures."""


def show(folder: Path, program: str, section: Callable[[str, list[str]], None]) -> None:
    """Adopt the drawn pots, decide their photos and write a report, all into ``folder``."""
    _check_pillow()
    source, whole, page = folder / "pots", folder / "pots.h5", folder / "pots.html"
    _copy(source)
    photos = sorted((source / "photos").iterdir())
    click.echo(
        "Drawn cups, bowls and vases, in a folder as Teachable Machine exports it. Which pot is "
        "in a photo?\n"
    )
    section("THE FOLDER", _files(source))
    adopted = _adopted(source, whole)
    section("ADOPTION", [*_recipe(adopted), "", *_written(adopted, whole)])
    section("DECISIONS (a new process with the file)", _deployed(whole, photos))
    section("THE SAME PHOTOS IN APPS THAT PREPARE THEM OTHERWISE", _otherwise(source, photos))
    _report(whole, page)
    click.echo(
        f"{page} shows what the model sees of a picture and where it looks.\n"
        f"Go on:\n  {program} inspect {whole}\n  {program} predict {whole} {source / 'photos'}\n"
        f"  {program} serve {whole}"
    )


def _check_pillow() -> None:
    try:
        import PIL  # noqa: F401
    except ImportError:
        raise MissingExtraError(
            "pictures need Pillow", remedy="Install it with: pip install 'keramos[images]'"
        ) from None


def _copy(target: Path) -> None:
    from keramos.datasets import POTS
    from keramos.platform.atomic_write import write_atomically

    for path in sorted(POTS.rglob("*")):
        if path.is_file():
            place = target / path.relative_to(POTS)
            place.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(place, path.read_bytes())


def _files(source: Path) -> list[str]:
    from keramos.drawing.words import size

    said = {
        "keras_model.h5": "a network; how a picture becomes its 224 x 224 x 3 numbers is not in it",
        "labels.txt": "names of its outputs",
        "metadata.json": "the same names, and the size of pictures",
    }
    lines = [f"{name:<15} {size((source / name).stat().st_size):>9}  {said[name]}" for name in said]
    photos = list((source / "photos").iterdir())
    whole = sum(photo.stat().st_size for photo in photos)
    return [
        *lines,
        f"{'photos':<15} {size(whole):>9}  {len(photos)} pictures that training never saw",
    ]


def _adopted(source: Path, whole: Path) -> Adopted:
    from keramos.pipeline.adopt import adopt

    adopted = adopt(source)
    adopted.save(whole)
    return adopted


def _recipe(adopted: Adopted) -> list[str]:
    from keramos.report.recipe import recipe_lines

    return recipe_lines(adopted.content)


def _written(adopted: Adopted, whole: Path) -> list[str]:
    from keramos.drawing.words import size

    golden = len(adopted.golden.outputs)
    held = f"recipe, labels, rule and {golden} golden pictures"
    return [
        f"{whole.name}: {size(whole.stat().st_size)}; {held} are in it",
        f"largest difference from pictures that Pillow itself prepares: {adopted.difference:.3g}",
    ]


def _deployed(whole: Path, photos: Sequence[Path]) -> list[str]:
    done = subprocess.run(  # noqa: S603 (this very interpreter, with the text above)
        [sys.executable, "-c", _DEPLOYED, str(whole), *map(str, photos)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise click.ClickException(done.stderr.strip())
    return done.stdout.strip().splitlines()


_WAYS: tuple[tuple[str, dict[str, str]], ...] = (
    ("as the training saw them", {}),
    ("pixels in 0..1", {"scale": "0..1"}),
    ("pixels in 0..255", {"scale": "0..255"}),
    ("colours turned round (BGR)", {"mode": "BGR"}),
    ("stretched, not cut", {"fit": "stretch"}),
)
"""What published apps do to pictures, and as settings of a recipe."""


def _otherwise(source: Path, photos: Sequence[Path]) -> list[str]:
    """How many answers change, and the largest change of a score."""
    models = [_prepared_as(source, settings) for _, settings in _WAYS]
    answers = [model.decide(photos) for model in models]
    lines = []
    for (name, _), found in zip(_WAYS, answers, strict=True):
        pairs = list(zip(found, answers[0], strict=True))
        changed = sum(one.label != right.label for one, right in pairs)
        most = max(
            abs(here - there)
            for one, right in pairs
            for here, there in zip(one.scores, right.scores, strict=True)
        )
        lines.append(
            f"{name:<28} {changed} of {len(photos)} answers change, scores by up to {most:.2f}"
        )
    return [*lines, "", "The file says which of them is right; a folder of parts does not."]


def _prepared_as(source: Path, settings: dict[str, str]) -> Model:
    from tempfile import TemporaryDirectory

    from keramos.pipeline.adopt import adopt
    from keramos.pipeline.load import load

    with TemporaryDirectory(prefix="keramos-") as folder:
        path = f"{folder}/model.h5"
        adopt(source, recipe={"settings": settings} if settings else None).save(path)
        return load(path)


def _report(whole: Path, page: Path) -> None:
    from keramos.pipeline.inspect import describe
    from keramos.pipeline.load import load
    from keramos.platform.atomic_write import write_atomically
    from keramos.report.standalone import report

    model = load(whole)
    text = report(describe(model.artifact), model, whole.stem)
    write_atomically(page, text.encode("utf-8", "backslashreplace"))
