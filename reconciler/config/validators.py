"""Checks of values beyond their type. A wrong value raises ValueError(what, remedy). Pure."""

import base64
import binascii
import ipaddress
import re
import ssl
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from reconciler.model.addresses import is_loopback
from reconciler.model.policy import (
    LOGIN_PATTERN,
    MAX_ISSUE_TYPE_LENGTH,
    MAX_LABEL_LENGTH,
    is_private_prefix,
    label_key,
)
from reconciler.model.report import ANY_REPOSITORY

GITHUB_NAME_PATTERN = re.compile(r"[A-Za-z0-9._-]+")
BOT_LOGIN_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}")
TOKEN_NAME_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,64}")
TOKEN_HASH_PATTERN = re.compile(r"(?:read|act):[0-9a-f]{64}")
HOST_PATTERN = re.compile(r"[a-z0-9._-]{1,253}|[0-9a-f:.]{2,45}")
REGION_PATTERN = re.compile(r"[a-z0-9-]{1,64}")
BUCKET_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
REPOSITORY_PAIR_HINT = 'write "project id" = "owner/repo", or "owner/*"'


def invalid_value_error(what: str, remedy: str) -> ValueError:
    """Return an error in two parts; the caller inserts the source of the value between them."""
    return ValueError(what, remedy)


def parse_web_url(text: str, example: str) -> SplitResult:
    """Split an http(s) address that has no credentials, query or fragment. Raises ValueError."""
    remedy = f"write an address such as {example}"
    try:
        split_url = urlsplit(text)
        port = split_url.port
    except ValueError:
        raise invalid_value_error("is not an address", remedy) from None
    if split_url.scheme not in ("http", "https") or not split_url.hostname or port == 0:
        raise invalid_value_error("is not an http(s) address", remedy)
    if re.search(r"[\s\x00-\x20\x7f\\]", text):
        raise invalid_value_error("contains blanks, control characters or a backslash", remedy)
    if "@" in split_url.netloc:
        raise invalid_value_error(
            "contains a user name or password", "remove them: credentials have keys of their own"
        )
    if "?" in text or "#" in text:
        raise invalid_value_error("has a query or fragment", f"remove what follows the path, as in {example}")
    return split_url


def validate_api_url(text: str) -> str:
    """Check GitHub's REST address (https, or http on loopback); returns it without a trailing slash.

    Source: docs/reference/contract.md.
    """
    split_url = parse_web_url(text, "https://api.github.com")
    if split_url.scheme == "http" and not is_loopback(split_url.hostname):
        raise invalid_value_error(
            "sends the token over plain http", "use https; http is only for loopback addresses"
        )
    return text.rstrip("/")


def validate_alert_url(text: str) -> str:
    """Check the address for alerts.

    It may be empty. A query is allowed: addresses often contain their secret.
    """
    if text:
        split_url = parse_web_url(text.partition("?")[0], "https://alerts.example.com/bugspark")
        if re.search(r"[\s\x00-\x20\x7f\\#]", text):
            raise invalid_value_error(
                "contains blanks, control characters, a backslash or a fragment", "remove them"
            )
        if split_url.scheme == "http" and not is_loopback(split_url.hostname):
            raise invalid_value_error("is plain http", "use https; http is only for loopback addresses")
    return text


def validate_proxy(text: str) -> str:
    """Check the address of a proxy; it may be empty, and may contain a user and a password."""
    if text:
        scheme, separator, rest = text.partition("://")
        example = "http://proxy.example.com:3128"
        split_url = parse_web_url(f"{scheme}{separator}{rest.rpartition('@')[2]}", example)
        if split_url.path.strip("/"):
            raise invalid_value_error("has a path", f"write an address such as {example}")
        try:
            text.encode("ascii")
        except UnicodeEncodeError:
            raise invalid_value_error("is not ASCII", "percent-encode the password") from None
    return text


def validate_ca_file(text: str) -> str:
    """Check that a file of certificates can be used; it may be empty."""
    if text:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(text)
        except (OSError, ValueError) as error:
            reason = "no certificates in PEM" if isinstance(error, ssl.SSLError) else None
            reason = reason or getattr(error, "strerror", None) or "not a path"
            raise invalid_value_error(
                f"can't be used ({reason})", "name a readable file with the authority's certificate (PEM)"
            ) from None
    return text


def validate_web_url(text: str) -> str:
    """Check an address that people open in browsers; it may be empty."""
    if text:
        parse_web_url(text, "https://bugs.example.com")
    return text.rstrip("/")


def validate_region(text: str) -> str:
    """Check the region of an object store; it may be empty."""
    if text and not REGION_PATTERN.fullmatch(text):
        raise invalid_value_error(
            "is no name of a region", "write a name such as eu-west-2, or leave it empty for BugSpark's"
        )
    return text


def validate_bucket_name(text: str) -> str:
    """Check the name of a bucket; it may be empty."""
    if text and not BUCKET_PATTERN.fullmatch(text):
        raise invalid_value_error("is no name of a bucket", "set BugSpark's S3_BUCKET_NAME")
    return text


def validate_origins(texts: Iterable[str]) -> tuple[str, ...]:
    """Check origins of pages, such as https://preview.example.com; returns them in lower case."""
    origins = []
    for text in texts:
        remedy = "write each as https://preview.example.com, without a path and without wildcards"
        split_url = parse_web_url(text, "https://preview.example.com")
        host = split_url.hostname or ""
        if split_url.path.strip("/") or "*" in host:
            raise invalid_value_error("has an entry with a path or a wildcard", remedy)
        if split_url.scheme == "http" and not is_loopback(host):
            raise invalid_value_error(
                "has an entry that is plain http", "use https; http is only for loopback"
            )
        usual = {"http": 80, "https": 443}[split_url.scheme]
        port = f":{split_url.port}" if split_url.port not in (None, usual) else ""
        name = f"[{host}]" if ":" in host else host
        origins.append(f"{split_url.scheme}://{name}{port}".lower())
    return tuple(origins)


def validate_hosts(texts: Iterable[str]) -> tuple[str, ...]:
    """Check names of hosts, without scheme and port; returns them in lower case."""
    hosts = tuple(text.strip("[]").rstrip(".").lower() for text in texts)
    if not all(HOST_PATTERN.fullmatch(host) for host in hosts):
        raise invalid_value_error(
            "has an entry that is no name of a host",
            "write names such as sync.internal, without scheme and port",
        )
    return hosts


def validate_api_tokens(tokens: Mapping[str, str]) -> dict[str, str]:
    """Check the operator's API tokens: name → right and SHA-256 of the token (docs/reference/contract.md)."""
    for name, value in tokens.items():
        if not TOKEN_NAME_PATTERN.fullmatch(name):
            raise invalid_value_error(
                "has a name with other characters than letters, digits, - and _",
                "reconcile token NAME makes one",
            )
        if not TOKEN_HASH_PATTERN.fullmatch(value):
            raise invalid_value_error(
                "has an entry that is not read: or act: and a SHA-256 in hexadecimal",
                "run reconcile token NAME and enter the line that it prints, never the token itself",
            )
    return dict(tokens)


def validate_database_url(text: str) -> str:
    """Check a database address: SQLite, or PostgreSQL with psycopg; `postgresql://` is accepted as such.

    A second @ is refused: what follows the first one would be taken for the host, and shown in messages.
    """
    scheme, colon, rest = text.partition("://")
    if scheme != "sqlite" and "@" in rest.partition("@")[2].partition("?")[0]:
        raise invalid_value_error(
            "has an @ in its user or password", "write it as %40 there (and / as %2F, : as %3A)"
        )
    if scheme in ("postgresql", "postgres") and colon:
        return f"postgresql+psycopg://{rest}"
    if scheme not in ("sqlite", "sqlite+aiosqlite", "postgresql+psycopg") or not colon:
        raise invalid_value_error(
            "is not a database this program can use", "write sqlite:///FILE or postgresql+psycopg://…"
        )
    return text


def validate_fernet_keys(text: str) -> str:
    """Check BugSpark's keys, separated by commas; each is 32 bytes in URL-safe base64 (Fernet)."""
    for key in filter(None, (part.strip() for part in text.split(","))):
        try:
            size = len(base64.b64decode(key.encode("ascii"), altchars=b"-_", validate=True))
        except (binascii.Error, UnicodeEncodeError):
            size = -1
        if size != 32:
            raise invalid_value_error(
                "is not a Fernet key (32 bytes in URL-safe base64, 44 characters)",
                "copy BugSpark's ENCRYPTION_KEY; several are separated by commas, newest first",
            )
    return text


def validate_password_hash(text: str) -> str:
    """Check an argon2id hash; it may be empty."""
    if text and not text.startswith("$argon2id$"):
        raise invalid_value_error(
            "is not an argon2id hash", "write the hash ($argon2id$…), never the password itself"
        )
    return text


def validate_networks(texts: Iterable[str]) -> tuple[str, ...]:
    """Check IP addresses and networks, such as 10.0.0.5 and 10.0.0.0/8."""
    networks = tuple(texts)
    for text in networks:
        try:
            ipaddress.ip_network(text)
        except ValueError:
            raise invalid_value_error(
                "has an entry that is neither an IP address nor a network", "write 10.0.0.5 or 10.0.0.0/8"
            ) from None
    return networks


def validate_repository_pair(text: str) -> str:
    """Check `owner/repo` or `owner/*`, with the characters that GitHub allows (docs/design.md, Security)."""
    owner, slash, name = text.partition("/")
    names = (owner,) if name == ANY_REPOSITORY else (owner, name)
    if not slash or not all(
        GITHUB_NAME_PATTERN.fullmatch(part) and part not in (".", "..") for part in names
    ):
        raise invalid_value_error("names a repository that is not owner/repo", REPOSITORY_PAIR_HINT)
    return text


def validate_repositories(pairs: Mapping[str, str]) -> dict[str, str]:
    """Check the repositories that a GitHub App may write to: project id → owner/repo or owner/*."""
    for project in pairs:
        try:
            UUID(project)
        except ValueError:
            raise invalid_value_error("has a key that is not a project id", REPOSITORY_PAIR_HINT) from None
    return {str(UUID(project)): validate_repository_pair(name) for project, name in pairs.items()}


def validate_bot_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Check logins of bots; returns them without a leading `@` and a trailing `[bot]`.

    Source: docs/reference/contract.md, Configuration.
    """
    logins = tuple(name.strip().removeprefix("@").removesuffix("[bot]") for name in names)
    if not all(BOT_LOGIN_PATTERN.fullmatch(login) for login in logins):
        raise invalid_value_error(
            "has a name that is no login on GitHub", 'write logins such as "my-bot" or "my-bot[bot]"'
        )
    return logins


def validate_private_prefix(prefix: str) -> str:
    """Check what private comments begin with. Empty: there are no private comments."""
    if prefix and not is_private_prefix(prefix):
        raise invalid_value_error(
            "is not 2 to 32 visible characters without < > & ' \"", "choose another, such as #internal"
        )
    return prefix


def validate_issue_type(name: str) -> str:
    """Check the type of new issues. Empty: they have none."""
    if name != name.strip() or not name.isprintable() or len(name) > MAX_ISSUE_TYPE_LENGTH:
        raise invalid_value_error(
            f"is not 1 to {MAX_ISSUE_TYPE_LENGTH} visible characters",
            "write the type's name as GitHub shows it",
        )
    return name


def validate_assignee(login: str) -> str:
    """Check the login that new issues are assigned to. Empty: nobody is."""
    if login and not LOGIN_PATTERN.fullmatch(login):
        raise invalid_value_error("is not a login on GitHub", "write it without @")
    return login


LABELS_REMEDY = 'list at least one label, as in ["high-priority", "high"]; the first is written'


def validate_label_names(names: Iterable[str]) -> tuple[str, ...]:
    """Check the labels of one value: at least one, each valid on GitHub."""
    labels = validate_optional_label_names(names)
    if not labels:
        raise invalid_value_error("is an empty list", LABELS_REMEDY)
    return labels


def validate_optional_label_names(names: Iterable[str]) -> tuple[str, ...]:
    """Check the labels of one value, which may have none: each must be valid on GitHub."""
    labels = tuple(names)
    for label in labels:
        if not label.strip() or label != label.strip() or not label.isprintable():
            raise invalid_value_error(
                "has a label that is empty, or has blanks around or invisible characters in it", LABELS_REMEDY
            )
        if len(label) > MAX_LABEL_LENGTH:
            raise invalid_value_error(
                f"has a label longer than GitHub's {MAX_LABEL_LENGTH} characters", "shorten it"
            )
    return labels


def find_duplicate_label(mapping: Mapping[str, Iterable[str]]) -> tuple[str, str, str] | None:
    """Return the first label that is mapped to two values (ignoring case), and the names of both."""
    owners: dict[str, str] = {}
    for value, labels in mapping.items():
        for label in labels:
            if (other := owners.setdefault(label_key(label), value)) != value:
                return label, other, value
    return None
