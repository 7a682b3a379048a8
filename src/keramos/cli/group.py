"""The command group: finds commands by name, loads one only when it runs, reports errors."""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
import warnings

import click

from keramos.cli.json_option import wants_json
from keramos.cli.output import QUIET
from keramos.errors import KeramosError, UsageError, escaped
from keramos.version import __version__

COMMANDS = {
    "adopt": "a model and what lay beside it become one file",
    "compare": "two models on the same rows: which is better, and where they differ",
    "convert": "rewrite any readable model file as a file or folder of another form",
    "demo": "the whole pipeline on 1000 real rows",
    "inspect": "what a model file holds",
    "predict": "decide the rows of a table",
    "report": "a model file explained in one page of its own",
    "score": "decide every row of files of any size",
    "serve": "answer requests over HTTP",
    "sign": "write the signature of a model file, or a new pair of keys",
    "store": "versions of models: publish, list, label, rollback, prune",
    "train": "table in, one Keras file out",
    "verify": "check a model file against its own golden rows",
}
"""Command -> one line of help; each lives in the module of its name."""

INTERRUPTED = 130
_WRONG_USAGE = 2


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """A warning as one line, without the place in our code."""
    click.echo(f"keramos: warning: {message}", err=True)


class _Lazy(click.Group):
    """A group whose commands are imported when they are asked for, so that --help is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"keramos.cli.{cmd_name}").command
        for one in command.commands.values() if isinstance(command, click.Group) else [command]:
            if QUIET not in one.params:
                one.params.append(QUIET)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is asked for; the error about another name says which one is near."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            raise click.UsageError(f"{error.message}{_advice(args[0])}", ctx) from None

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; an error becomes one message, or one JSON object where it has --json."""
        warnings.showwarning = _show_warning
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            if not wants_json(ctx):
                raise
            ctx.exit(_report(UsageError(error.format_message()), as_json=True))
        except KeramosError as error:
            ctx.exit(_report(error, as_json=wants_json(ctx)))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


def _advice(name: str) -> str:
    """What may be meant by a name that is no command."""
    from difflib import get_close_matches  # only for names that are wrong

    said = "".join(f" Did you mean '{near}'?" for near in get_close_matches(name, COMMANDS, 1, 0.7))
    if os.path.lexists(name):
        said += f" What the file holds: keramos inspect {name}"
    return said


@click.group(
    cls=_Lazy,
    epilog="Example: keramos train table.csv --target risk -o model.h5",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="keramos")
@click.option("--debug", is_flag=True, help="Show where in keramos an error arose.")
def keramos(*, debug: bool) -> None:
    """Train a Keras model on a table, keep everything its answers depend on in one file, run it
    without TensorFlow.
    """
    os.environ["KERAMOS_DEBUG"] = "1" if debug else ""


def main() -> None:
    """Run the command line; exit 0 on success, 1 on a refused or failed job, 2 on wrong usage."""
    code = 0
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names of files may be no UTF-8
    try:
        # click gives the code of a command that ends by Exit.
        code = keramos(standalone_mode=False) or 0
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = _WRONG_USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("keramos: stopped", err=True)
        code = INTERRUPTED
    except BrokenPipeError:
        _close_output()  # the reader has enough
    except OSError as error:
        if os.environ.get("KERAMOS_DEBUG"):
            _print_trace(error)
        place = f"{escaped(str(error.filename))}: " if error.filename else "output: "
        click.echo(f"keramos: {place}{error.strerror or error}", err=True)
        _close_output()
        code = 1
    except Exception as error:  # noqa: BLE001 (nobody is shown a traceback who did not ask for it)
        if os.environ.get("KERAMOS_DEBUG"):
            _print_trace(error)
        fault = f"{type(error).__name__}: {error}"
        click.echo(
            f"keramos: a fault of keramos: {escaped(fault)}. keramos --debug shows where it arose",
            err=True,
        )
        code = 1
    gc.freeze()  # what is left needs no search for garbage before the process ends
    sys.exit(code)


def _open_streams() -> None:
    """Standard streams that are closed become the null device: else a file that is opened later
    has the number of one and receives what is meant for it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, number)
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8"))  # noqa: PTH123, SIM115 (a number; open until the process ends)


def _close_output() -> None:
    """Nothing more may be written to standard output, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_trace(error: BaseException) -> None:
    import traceback  # few runs need it

    traceback.print_exception(error)


def _report(error: KeramosError, *, as_json: bool) -> int:
    """Write an error to standard error, as one message or as one line of JSON; gives the exit
    code.
    """
    if os.environ.get("KERAMOS_DEBUG"):
        _print_trace(error)
    if as_json:
        import json

        click.echo(json.dumps({"error": error.record()}), err=True)
    else:
        click.echo(f"keramos: {error}", err=True)
    return _WRONG_USAGE if isinstance(error, UsageError) else 1
