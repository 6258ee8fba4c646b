"""What the commands call in the rest of the program. Everything heavy is imported at the first call."""

from __future__ import annotations  # the model is not imported for words in signatures alone

import importlib
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from reconciler.bootstrap.application import Application
    from reconciler.config.settings import Settings
    from reconciler.model.secret import Secret

RegisterSecret = Callable[["Secret"], None]
"""Called with every secret that is read, so that logs mask it."""
ReloadSettings = Callable[[], tuple["Settings", Callable[[], None]]]
"""Reads the configuration again; the function it returns beside the settings applies them to the log."""


def _open_backend(settings: Settings, learn: RegisterSecret) -> AbstractAsyncContextManager[Application]:
    from reconciler.bootstrap import open_application

    return open_application(settings, learn=learn)


def _migrate(settings: Settings) -> str:
    from reconciler.bootstrap import migrate_schema

    return migrate_schema(settings)


def _run_daemon(
    settings: Settings, again: ReloadSettings, learn: RegisterSecret, environ: Mapping[str, str]
) -> None:
    import asyncio

    from reconciler.bootstrap.daemon import DaemonStart, run_daemon

    asyncio.run(
        run_daemon(
            DaemonStart(settings=settings, read_configuration=again, register_secret=learn, environ=environ)
        )
    )


def _run_demo(keep: bool) -> int:
    return cast("int", importlib.import_module("reconciler.demo.main").run(keep=keep))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrypoints:
    """The functions through which commands reach the rest of the program; tests replace them."""

    open_backend: Callable[[Settings, RegisterSecret], AbstractAsyncContextManager[Application]] = (
        _open_backend
    )
    migrate: Callable[[Settings], str] = _migrate
    run_daemon: Callable[[Settings, ReloadSettings, RegisterSecret, Mapping[str, str]], None] = _run_daemon
    run_demo: Callable[[bool], int] = _run_demo
