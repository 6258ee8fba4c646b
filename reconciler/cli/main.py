"""The command's front door: exit statuses, errors in one sentence, Ctrl-C and closed pipes without noise."""

import gc
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from reconciler import __version__

if TYPE_CHECKING:
    from reconciler.cli.console import Console
    from reconciler.cli.doors import Doors
    from reconciler.cli.session import Session

SWEEP_AFTER = 50_000
"""New objects between two looks for garbage. Python's 700 fit a machine of 1991; an idle pass makes 80,000.
"""

DONE, FAILED, USAGE, UNUSABLE, INTERRUPTED = 0, 1, 2, 78, 130  # docs/reference/contract.md, Exit status


def command() -> NoReturn:
    """`reconcile`, as installed: `main`, and gone.

    All is closed by then; to take down what was imported as well would be a sixth of a short command's time.
    """
    code: str | int | None = DONE
    gc.set_threshold(SWEEP_AFTER)
    try:
        main()
    except SystemExit as exit_:
        code = exit_.code
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)  # the ordinary way, which deals with streams that are gone
    os._exit(code if isinstance(code, int) else DONE)


def main() -> None:
    """One command, left the ordinary way."""
    words = sys.argv[1:]
    if words == ["--version"]:  # the quickest way: nothing imported for it
        print(f"reconcile {__version__}")
        return
    from reconciler.cli.console import standard
    from reconciler.cli.doors import Doors
    from reconciler.config.process import environment, refuse_plugins

    refuse_plugins()
    sys.exit(run(words, doors=Doors(), console=standard(), environ=environment()))


def run(words: Sequence[str], *, doors: "Doors", console: "Console", environ: Mapping[str, str]) -> int:
    """One command from its words to its exit status. Nothing is raised; errors are said on stderr."""
    from reconciler.cli.session import Session
    from reconciler.errors import ReconcilerError

    session = Session(doors, console, environ)
    try:
        code = _invoke(words, session)
        console.flush()
    except BrokenPipeError:
        console.give_up()
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except ReconcilerError as error:
        console.complain(str(error))
        return _status(error)
    except Exception as error:  # noqa: BLE001 - the last net: said, counted as failed, never passed over
        return _crashed(session, error)
    return code


def _invoke(words: Sequence[str], session: "Session") -> int:
    from reconciler.cli.unswept import unswept

    with unswept():
        from typer.main import get_command

        from reconciler.cli.app import build

    try:
        get_command(build()).main(args=config_first(words), prog_name="reconcile", obj=session)
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else DONE
    return DONE


def config_first(words: Sequence[str]) -> list[str]:
    """`--config PATH` is global: wherever it was written, it is moved before the command."""
    front: list[str] = []
    rest: list[str] = []
    left = iter(words)
    for word in left:
        if word == "--":
            rest += [word, *left]
        elif word == "--config":
            front += [word, *([value] if (value := next(left, None)) is not None else [])]
        elif word.startswith("--config="):
            front.append(word)
        else:
            rest.append(word)
    return front + rest


def _status(error: Exception) -> int:
    from reconciler.errors import ConfigurationError, SchemaError, UsageError

    match error:
        case ConfigurationError() | SchemaError():
            return UNUSABLE
        case UsageError():
            return USAGE
        case _:
            return FAILED


def _crashed(session: "Session", error: Exception) -> int:
    """A mistake in this program. Its text may hold anything, so only its kind is said."""
    kind = type(error).__name__
    session.console.complain(
        f"unexpected {kind}, in {session.command}; please report it with its trace (log.level = debug)"
    )
    if session.debug and session.redaction:
        for line in traceback.format_exception(error):
            session.console.err.write(session.redaction.clean(line))
    return FAILED
