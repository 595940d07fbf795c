"""The ``dl4py`` command."""

from __future__ import annotations

import os
import sys

import click

from dl4py._version import __version__
from dl4py.cli import COMMANDS


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dl4py")
def command() -> None:
    """Train, evaluate and use Deeplearning4j models from the command line.

    Exit codes: 0 done, 1 something is wrong with a file or its data (one line on standard error
    says what), 2 wrong use of the command, 130 interrupted.
    """


for _each in COMMANDS:
    command.add_command(_each)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command and ends the process with its exit code."""
    try:
        command.main(arguments, prog_name="dl4py", standalone_mode=False)
    except click.exceptions.Abort:
        _fail("interrupted", 130)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more when it closes the
        # stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        ArithmeticError,
        MemoryError,
        ImportError,
    ) as problem:
        _fail(_one_line(problem), 1)


def _one_line(problem: BaseException) -> str:
    text = problem.args[0] if isinstance(problem, KeyError) and problem.args else str(problem)
    if isinstance(problem, OSError) and problem.strerror:
        text = _reason(problem)
        if problem.filename is not None:
            text = f"{problem.filename}: {text}"
    return " ".join(str(text).split()) or type(problem).__name__


def _reason(problem: OSError) -> str:
    if isinstance(problem, IsADirectoryError):
        return "is a folder"
    if isinstance(problem, FileNotFoundError):
        folder = os.path.dirname(os.path.abspath(problem.filename or "."))
        return "no such file" if os.path.isdir(folder) else "no such folder"
    return (problem.strerror or "").lower()


def _fail(message: str, code: int) -> None:
    click.echo(f"dl4py: error: {message}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
