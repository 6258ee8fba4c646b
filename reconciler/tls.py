"""TLS of this program's own requests: whose certificates are trusted.

No variable of the environment has a say: `SSL_CERT_FILE` and `SSL_CERT_DIR` could add an authority, and
`SSLKEYLOGFILE` would write the keys of every connection to a file. The configuration may name a file.

May import: the standard library, certifi.
"""

import ssl
from pathlib import Path

import certifi


def build_client_context(ca_file: str = "") -> ssl.SSLContext:
    """Trust the usual authorities, those of the system, and those in `ca_file` (PEM). Takes 50 ms of CPU.

    Raises OSError (ssl.SSLError is one) for a `ca_file` that can't be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    paths = ssl.get_default_verify_paths()
    if Path(paths.openssl_cafile).is_file():
        context.load_verify_locations(cafile=paths.openssl_cafile)
    if Path(paths.openssl_capath).is_dir():
        context.load_verify_locations(capath=paths.openssl_capath)
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def build_context_without_authorities() -> ssl.SSLContext:
    """Trust nobody: for addresses that are plain http."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def build_unverified_context() -> ssl.SSLContext:
    """Accept any certificate, to look at it. Nothing may be sent over such a connection."""
    context = build_context_without_authorities()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
