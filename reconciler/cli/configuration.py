"""`reconcile config`: the effective configuration, and where each value came from."""

import json as encoder
from itertools import groupby
from typing import Any

import typer

from reconciler.cli.options import JsonOption
from reconciler.cli.session import session_of

SETTING_COLUMNS = 34


def config(context: typer.Context, json: JsonOption = False) -> None:
    """Show the effective configuration.

    Every key with its value and source, secrets masked.
    """
    session = session_of(context)
    loaded = session.load_configuration()
    shown = loaded.effective_values()
    if json:
        settings: dict[str, Any] = {}
        for item in shown:
            *above, name = item.key.split(".")
            table = settings
            for part in above:
                table = table.setdefault(part, {})
            table[name] = item.value
        sources = {item.key: item.source for item in shown}
        file = str(loaded.file) if loaded.file else None
        session.console.print_json({"file": file, "settings": settings, "sources": sources})
        return
    for section, items in groupby(shown, key=lambda item: item.key.rpartition(".")[0]):
        session.console.print_line(f"[{section}]")
        for item in items:
            setting = f"{item.key.rpartition('.')[2]} = {encoder.dumps(item.value, ensure_ascii=False)}"
            origin = "" if item.source == "default" else f"  # {item.source}"
            session.console.print_line(f"{setting:<{SETTING_COLUMNS}}{origin}".rstrip())
