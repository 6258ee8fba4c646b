"""BugSpark's secrets at rest: Fernet under its ENCRYPTION_KEY (docs/reference/bugspark.md, Secrets)."""

from secrets import token_urlsafe
from typing import TYPE_CHECKING

from reconciler.errors import ConfigurationError, CredentialError
from reconciler.model.ids import ProjectId
from reconciler.model.secret import LearntSecrets, NoLearntSecrets, Secret

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

FERNET_PREFIX = "gAAAA"
DECOY_BYTES = 32
"""As many random bytes as a webhook secret that this program makes."""


class SecretCipher:
    """Encrypts and decrypts values with these keys, newest first."""

    def __init__(self, keys: tuple[Secret, ...], learnt: LearntSecrets | None = None) -> None:
        """`learnt` learns every secret that was read, so that logs can mask it.

        Raises ConfigurationError for a malformed key, without repeating it.
        """
        self.learnt = learnt or NoLearntSecrets()
        self._fernet = _build_fernet(keys) if keys else None
        self._decoy = self.encrypt(Secret(token_urlsafe(DECOY_BYTES)))

    def decrypt(self, stored: str, project_id: ProjectId, project: str, what: str = "token") -> Secret:
        """Decrypt a stored value; one that was stored before encryption is returned as it is.

        Raises CredentialError, naming the project, for a value that is encrypted and can't be decrypted.
        """
        secret = self._decrypt(stored, project, what)
        self.learnt.learn(str(project_id), secret)
        return secret

    def _decrypt(self, stored: str, project: str, what: str) -> Secret:
        looks_encrypted = stored.startswith(FERNET_PREFIX)
        if self._fernet is None:
            if looks_encrypted:
                raise CredentialError(
                    f"The {what} of project {project} is encrypted and no key is configured:"
                    " set bugspark.encryption_key to BugSpark's ENCRYPTION_KEY."
                )
            return Secret(stored)
        from cryptography.fernet import InvalidToken

        try:
            return Secret(self._fernet.decrypt(stored.encode("utf-8", "replace")).decode())
        except (InvalidToken, UnicodeDecodeError):
            if looks_encrypted:
                raise CredentialError(
                    f"The {what} of project {project} can't be decrypted:"
                    " bugspark.encryption_key is not the key BugSpark encrypted it with."
                ) from None
            return Secret(stored)

    def decrypt_decoy(self) -> None:
        """Take as long as decrypting a secret, where there is none: the time of a refusal tells nothing."""
        self._decrypt(self._decoy, "none", "decoy")

    def encrypt(self, secret: Secret) -> str:
        """Return the form that is stored: encrypted with the newest key, plain without any key."""
        if self._fernet is None:
            return secret.reveal()
        return self._fernet.encrypt(secret.reveal().encode()).decode()


def _build_fernet(keys: tuple[Secret, ...]) -> "MultiFernet":
    from cryptography.fernet import Fernet, MultiFernet  # late: not needed without keys

    try:
        return MultiFernet([Fernet(key.reveal().encode()) for key in keys])
    except (ValueError, UnicodeEncodeError):
        raise ConfigurationError(
            "bugspark.encryption_key is no Fernet key (32 bytes, base64): take BugSpark's ENCRYPTION_KEY."
        ) from None
