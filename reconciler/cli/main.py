"""The entry point of the command: exit statuses, errors in one sentence, Ctrl-C and closed pipes."""

import gc
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import typer

    from reconciler.cli.console import Console
    from reconciler.cli.session import CommandSession, Entrypoints

GC_THRESHOLD = 50_000
"""New objects between two runs of the garbage collector (Python's default: 700).

An idle pass makes 80,000.
"""

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_UNUSABLE, EXIT_INTERRUPTED = (
    0,
    1,
    2,
    78,
    130,
)  # docs/reference/contract.md, Exit status


def run_and_exit() -> NoReturn:
    """Run `reconcile` as installed.

    Objects that live until the exit are excluded from garbage collection
    (docs/decisions/0061-garbage-at-exit.md).
    """
    gc.set_threshold(GC_THRESHOLD)
    try:
        main()
    finally:
        gc.freeze()


def main() -> NoReturn:
    """Run one command with this process's arguments, streams and environment."""
    from reconciler.cli.console import standard_console
    from reconciler.cli.session import Entrypoints
    from reconciler.config.environment import disable_pydantic_plugins, read_environment

    disable_pydantic_plugins()
    sys.exit(
        run_command(
            sys.argv[1:], entrypoints=Entrypoints(), console=standard_console(), environ=read_environment()
        )
    )


def run_command(
    arguments: Sequence[str], *, entrypoints: "Entrypoints", console: "Console", environ: Mapping[str, str]
) -> int:
    """Run one command and return its exit status. Raises nothing: errors are printed on stderr."""
    from reconciler.cli.session import CommandSession
    from reconciler.errors import ReconcilerError

    session = CommandSession(entrypoints, console, environ)
    try:
        code = _invoke_command(arguments, session)
        console.flush()
    except BrokenPipeError:
        console.discard_output()
        return EXIT_FAILED
    except KeyboardInterrupt:
        console.print_error(f"interrupted, in {session.command}; {session.interrupted_note}")
        return EXIT_INTERRUPTED
    except ReconcilerError as error:
        for sentence in error.sentences:
            console.print_error(sentence)
        return _exit_status(error)
    except Exception as error:  # noqa: BLE001 - the last handler: reported and exit 1, never ignored
        return _print_crash(session, error)
    return code


def _invoke_command(arguments: Sequence[str], session: "CommandSession") -> int:
    import typer
    from typer.main import get_command

    from reconciler.cli.app import build_cli

    cli = get_command(build_cli())
    words = move_config_first(arguments)
    try:
        code = cli.main(args=words, prog_name="reconcile", obj=session, standalone_mode=False)
    except typer.TyperException as error:
        session.console.print_error(_usage_error_text(error))
        return error.exit_code
    except SystemExit as exit_:  # of shell completion
        return exit_.code if isinstance(exit_.code, int) else EXIT_OK
    if code == EXIT_INTERRUPTED:  # as typer reports Ctrl-C
        raise KeyboardInterrupt
    return code if isinstance(code, int) else EXIT_OK


def _usage_error_text(error: "typer.TyperException") -> str:
    """Return what is wrong with the words of a command line, and where its help is."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "reconcile"
    what = error.format_message().rstrip(".")
    return f"{what} See {command} --help" if what.endswith("?") else f"{what}; see {command} --help"


def move_config_first(arguments: Sequence[str]) -> list[str]:
    """Move `--config PATH` before the command, because it is a global option that may stand anywhere.

    Raises UsageError where no path follows it: the command would be taken for one.
    """
    from reconciler.errors import UsageError

    front: list[str] = []
    rest: list[str] = []
    remaining = iter(arguments)
    for word in remaining:
        if word == "--":
            rest += [word, *remaining]
        elif word == "--config":
            value = next(remaining, None)
            if value is None:
                raise UsageError("--config needs a path, on the command line; add one")
            front += [word, value]
        elif word.startswith("--config="):
            front.append(word)
        else:
            rest.append(word)
    return front + rest


def _exit_status(error: Exception) -> int:
    from reconciler.errors import ConfigurationError, SchemaError, UsageError

    match error:
        case ConfigurationError() | SchemaError():
            return EXIT_UNUSABLE
        case UsageError():
            return EXIT_USAGE
        case _:
            return EXIT_FAILED


def _print_crash(session: "CommandSession", error: Exception) -> int:
    """Report a bug in this program by the error's type only, because its text may contain secrets."""
    kind = type(error).__name__
    session.console.print_error(
        f"unexpected {kind}, in {session.command}; please report it with its trace (log.level = debug)"
    )
    if session.debug and session.redaction:
        for line in traceback.format_exception(error):
            session.console.err.write(session.redaction.redact(line))
    return EXIT_FAILED
