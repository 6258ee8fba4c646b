"""`reconcile daemon`: sync until SIGTERM.

It has its own module, like every command that shares no code with others.
"""

import typer

from reconciler.cli.session import current_session


def daemon(context: typer.Context) -> None:
    """Keep every project in sync.

    Ends on SIGTERM; SIGHUP reads the configuration again.
    """
    session = current_session(context)
    settings = session.load_daemon_configuration().settings
    assert session.redaction is not None  # set up when the configuration was read
    session.entrypoints.run_daemon(settings, session.reload_settings, session.redaction, session.environ)
