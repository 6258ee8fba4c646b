"""Errors named by situation. Each message says what happened, to what, and what can be done about it."""

from datetime import datetime
from uuid import UUID


class ReconcilerError(Exception):
    """The base of all errors that this program raises on purpose. `kind` is a stable word for programs.

    `remedy`: what a person can do, where that is known more exactly than by the kind.
    """

    kind = "error"

    def __init__(self, *words: object, remedy: str | None = None) -> None:
        super().__init__(*words)
        self.remedy = remedy

    @property
    def sentences(self) -> tuple[str, ...]:
        """The message for the operator on the command line, one sentence for each problem."""
        return (str(self),)


class ConfigurationError(ReconcilerError):
    """The configuration can't be used: exit 78. Takes every problem that was found, one sentence each."""

    kind = "configuration"

    def __init__(self, *problems: str) -> None:
        numbered = (f"({number}) {problem}" for number, problem in enumerate(problems, 1))
        super().__init__(problems[0] if len(problems) == 1 else " ".join(numbered))
        self._problems = problems

    @property
    def sentences(self) -> tuple[str, ...]:
        return self._problems


class SchemaError(ReconcilerError):
    """The database schema is missing, older or newer than this program: exit 78."""

    kind = "schema"


class NewerSchemaError(SchemaError):
    """A newer version of this program has migrated the database: this one must not use it."""


class DatabaseError(ReconcilerError):
    """The database does not answer, or refuses to be written to."""

    kind = "database"


class UsageError(ReconcilerError):
    """The arguments of a command are wrong: an unknown project, a malformed reference: exit 2."""

    kind = "usage"


class RefusedError(ReconcilerError):
    """The arguments are right, but what is asked for can't be done now, as with a linked issue: exit 1."""

    kind = "refused"


class IssueLinkedElsewhereError(RefusedError):
    """A report of another project is linked to the issue. The message says no more of that project.

    `holder`: the id of that project. `in_full`: the message for those who may see it.
    """

    def __init__(self, message: str, *, holder: UUID, in_full: str) -> None:
        super().__init__(message)
        self.holder = holder
        self.in_full = in_full

    @property
    def sentences(self) -> tuple[str, ...]:
        return (self.in_full,)


class ProjectError(ReconcilerError):
    """A project can't be synced as it is configured; other projects are not affected."""

    kind = "project"


class WrongSettingError(ProjectError):
    """A project's settings have a key or value that can't be taken. `key`: such as `severity.critical`."""

    kind = "settings"

    def __init__(self, message: str, key: str) -> None:
        super().__init__(message)
        self.key = key


class OperatorOnlySettingError(WrongSettingError):
    """The operator keeps this setting, or an owner asked for less privacy than the operator wants."""


class SettingsChangedError(ProjectError):
    """Somebody else has changed the project's settings in between."""

    kind = "settings"


class PlanChangedError(ProjectError):
    """What was shown before it was to be carried out is not what would be done any more."""

    kind = "plan"


class CredentialError(ProjectError):
    """The token is missing, can't be decrypted, or is refused by GitHub."""

    kind = "credential"


class RepositoryInaccessibleError(ProjectError):
    """GitHub does not show the repository (401, 403, 404, 410, 451): nothing is inferred from it."""

    kind = "unreadable"


class RepositoryRecreatedError(ProjectError):
    """The repository's name now belongs to another repository: nothing is written to it."""

    kind = "recreated"


class BusyError(ReconcilerError):
    """A pass or command of another process is at work on the project."""

    kind = "busy"


class PausedError(ReconcilerError):
    """The operator has paused the project: nothing is done until it is resumed."""

    kind = "paused"


class DatabaseIdentityError(ReconcilerError):
    """It is not certain that this database is the one that may write: a person has to confirm it."""

    kind = "identity"


class RestoredError(ReconcilerError):
    """The database was restored from an older copy: everything is read before anything is written."""

    kind = "restored"


class ProjectLockLostError(ReconcilerError):
    """The lock on the project was lost while working: nothing more may be written."""

    kind = "fence"


class HungPassError(ReconcilerError):
    """A pass did nothing for a long time and was cut: it is tried again later."""

    kind = "hung"


class LimitedError(ReconcilerError):
    """A limit, ours or GitHub's, forbids requests until `until`."""

    kind = "limited"

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class GitHubError(ReconcilerError):
    """GitHub could not be asked: network, 5xx after retries, an answer that does not decode."""

    kind = "github"


class CertificateError(GitHubError):
    """The certificate of GitHub's server, or of the proxy on the way to it, is not trusted."""

    kind = "certificate"


class AnswerTooHeavyError(GitHubError):
    """GitHub kept answering one request with a 5xx, or with more than is taken: its rows may be too heavy."""


class IssueUnreadableError(GitHubError):
    """One issue, its thread or its events can't be read: its link is quarantined."""

    kind = "unreadable_row"


class UntrustedUrlError(GitHubError):
    """A page, redirect or body pointed to a host that is not the configured API: not followed."""

    kind = "foreign_origin"


class GitHubNotFoundError(GitHubError):
    """A single object answered 404 or 410. Alone it proves nothing (docs/reference/github.md, Writes)."""

    kind = "not_there"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class IssueTransferredError(GitHubError):
    """An issue was transferred: to another repository, or back under another number. `repository` (its
    numeric id) and `number` are its present place, as far as GitHub shows it."""

    kind = "moved"

    def __init__(self, message: str, repository: int | None = None, number: int | None = None) -> None:
        super().__init__(message)
        self.repository = repository
        self.number = number


class ListenError(ReconcilerError):
    """The web's port is taken by another process."""

    kind = "listen"
