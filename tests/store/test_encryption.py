"""BugSpark's secrets: decrypted, plain from before encryption, or an error; never shown."""

from uuid import UUID

import pytest
from cryptography.fernet import Fernet

from reconciler.errors import ConfigurationError, CredentialError
from reconciler.model.ids import ProjectId
from reconciler.model.secret import Secret
from reconciler.store.bugspark.encryption import SecretCipher

SHOP = ProjectId(UUID(int=1))
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_a_value_is_read_with_any_key_and_written_with_the_newest() -> None:
    cipher = SecretCipher((Secret(NEW), Secret(OLD)))
    assert cipher.decrypt(Fernet(OLD).encrypt(b"t0ken").decode(), SHOP, "Shop") == Secret("t0ken")
    written = cipher.encrypt(Secret("t0ken"))
    assert Fernet(NEW).decrypt(written.encode()) == b"t0ken"


@pytest.mark.parametrize("keys", [(), (NEW,)])
@pytest.mark.parametrize("stored", ["ghp_plain", "pläin", "gAAA", "a" * 600])
def test_plain_text_from_before_encryption_is_returned_as_it_is(keys: tuple[str, ...], stored: str) -> None:
    assert SecretCipher(tuple(Secret(key) for key in keys)).decrypt(stored, SHOP, "Shop") == Secret(stored)


def test_without_keys_a_value_is_written_plain() -> None:
    assert SecretCipher(()).encrypt(Secret("t0ken")) == "t0ken"


@pytest.mark.parametrize(
    ("keys", "expected"), [((), "no key is configured"), ((NEW,), "not the key BugSpark encrypted it with")]
)
def test_an_undecryptable_value_is_an_error_that_names_the_project(
    keys: tuple[str, ...], expected: str
) -> None:
    stored = Fernet(OLD).encrypt(b"t0ken").decode()
    with pytest.raises(CredentialError, match=f"Shop.*{expected}") as caught:
        SecretCipher(tuple(Secret(key) for key in keys)).decrypt(stored, SHOP, "Shop")
    assert stored not in str(caught.value)


def test_a_malformed_key_is_an_error_that_does_not_repeat_it() -> None:
    with pytest.raises(ConfigurationError, match="no Fernet key") as caught:
        SecretCipher((Secret("hunter2"),))
    assert "hunter2" not in str(caught.value)
