"""Everything on the simulated GitHub: accounts, tokens, apps, repositories."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import count

from reconciler.demo.github.clock import Clock
from reconciler.demo.github.facts import Facts
from reconciler.demo.github.rows import Hook, Level, User
from reconciler.demo.github.world.accounts import Accounts, App, Token
from reconciler.demo.github.world.manifests import Manifests
from reconciler.demo.github.world.repository import Repository

_INSTALLATION_TOKEN_LENGTH = 480
"""Installation tokens are long since 2026 (docs/reference/github.md, Credentials and versions)."""


class World(Accounts):
    """The state of the whole simulated GitHub."""

    def __init__(self, clock: Clock | None = None, facts: Facts | None = None) -> None:
        super().__init__(clock, facts)
        self.repositories: dict[int, Repository] = {}
        self.manifests = Manifests()
        self._repository_ids = count(700_000_001)

    def rename_user(self, login: str, to: str) -> User:
        """Give an account another login; its numeric id stays."""
        with self.lock:
            user = self.users[self.user(login).id] = replace(self.user(login), login=to)
            for repository in self.repositories.values():
                if repository.owner == user.id:
                    self.former_names[f"{login}/{repository.name}".lower()] = repository.id
                    self.names.pop(f"{login}/{repository.name}".lower(), None)
                    self.names[repository.full_name.lower()] = repository.id
            self.forget_rendered()
            return user

    def add_repository(self, full_name: str, *, private: bool = False) -> Repository:
        """Create a repository, and its owner if missing. A former name no longer redirects."""
        with self.lock:
            login, name = full_name.split("/")
            owner = next((user for user in self.users.values() if user.login == login), None)
            owner = owner or self.add_user(login, "Organization")
            repository = Repository(self, next(self._repository_ids), owner.id, name, private=private)
            self.repositories[repository.id] = repository
            self.names[full_name.lower()] = repository.id
            self.former_names.pop(full_name.lower(), None)
            return repository

    def repository(self, full_name: str) -> Repository:
        """Return the repository that has this name now; raises KeyError when there is none."""
        return self.repositories[self.names[full_name.lower()]]

    def delete_repository(self, full_name: str) -> None:
        """Delete a repository with everything in it."""
        with self.lock:
            repository_id = self.names.pop(full_name.lower())
            del self.repositories[repository_id]
            self.former_names = {k: v for k, v in self.former_names.items() if v != repository_id}

    def recreate(self, full_name: str) -> Repository:
        """Delete a repository and make an empty one of the same name, with another id."""
        with self.lock:
            self.delete_repository(full_name)
            return self.add_repository(full_name)

    def add_app(
        self,
        slug: str,
        owner: str,
        public_key: str,
        repositories: list[Repository],
        *,
        hook: Hook | None = None,
    ) -> App:
        """Register an app with its public key (PEM), installed on these repositories, if there are any."""
        bot = self.add_user(f"{slug}[bot]", "Bot")
        app = App(
            id=next(self._accounts),
            slug=slug,
            bot=bot.id,
            owner=self.user(owner).id,
            public_key=public_key,
            installations={},
            hook=hook,
        )
        self.apps[app.id] = app
        if repositories:
            self.install_app(app, repositories)
        return app

    def install_app(self, app: App, repositories: list[Repository]) -> int:
        """Install an app on repositories of one owner, with write access; return the installation's id."""
        installation = next(self._accounts)
        app.installations[installation] = frozenset(repository.id for repository in repositories)
        for repository in repositories:
            repository.levels[app.bot] = Level.WRITE
        return installation

    def uninstall_app(self, app: App, installation: int) -> None:
        """Remove an installation; its tokens become unknown."""
        del app.installations[installation]
        self.tokens = {
            value: token for value, token in self.tokens.items() if token.installation != installation
        }

    def install_token(self, app: App, installation: int, expires: datetime) -> Token:
        """Make an installation token: long, opaque, of this installation's repositories only."""
        serial = self.next_id()
        value = f"ghs_sim_{serial}_" + "0123456789abcdef" * (_INSTALLATION_TOKEN_LENGTH // 16)
        token = Token(
            value=value,
            name=f"{app.slug}#{serial}",
            user=app.bot,
            kind="installation",
            repositories=app.installations[installation],
            cap=Level.ADMIN,
            expires=expires,
            installation=installation,
        )
        self.tokens[value] = token
        return token
