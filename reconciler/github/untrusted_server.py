"""What people are told of a certificate that is not trusted: whose it is, who issued it, what to set."""

import httpx

from reconciler.github.http_pool import ConnectionPool
from reconciler.github.network import (
    CertificateSeenError,
    Exchange,
    ExchangeError,
    UntrustedServerError,
    limit_exchange,
)
from reconciler.model.formatting import single_printable_line
from reconciler.model.secret import Secret
from reconciler.tls import build_unverified_context

INSPECTION_SECONDS = 5.0
MAX_ISSUER_CHARS = 200
_UNKNOWN_ISSUER_CODES = frozenset({2, 18, 19, 20, 21, 27})
"""OpenSSL's: an issuer that is unknown, missing, or signed by itself."""
_WRONG_NAME_CODES = frozenset({62, 64})


async def explain_untrusted_server(
    error: UntrustedServerError, url: str, proxy: Secret | None, user_agent: str
) -> str:
    """Return a sentence with the server, the reason, the issuer and the key to set."""
    issuer = await _read_issuer(error.host, url, proxy, user_agent)
    signed = f", issued by {issuer}" if issuer else ""
    return (
        f"the certificate of {error.host} is not trusted ({single_printable_line(error.reason)}{signed}):"
        f" {_remedy(error.code)}"
    )


def _remedy(code: int) -> str:
    if code in _UNKNOWN_ISSUER_CODES:
        return "if that is your own authority, name the file with its certificate in github.ca_file"
    if code in _WRONG_NAME_CODES:
        return "it is for another name: correct github.api_url or github.proxy, or the certificate"
    return "the operator of that server has to renew or correct its certificate"


async def _read_issuer(host: str, url: str, proxy: Secret | None, user_agent: str) -> str | None:
    """Connect once more, accepting any certificate, and leave with it: no request is sent to that server."""
    pool = ConnectionPool(build_unverified_context(), proxy)
    request = httpx.Request("GET", url, headers={"User-Agent": user_agent})
    request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), INSPECTION_SECONDS)
    try:
        with limit_exchange(Exchange(seconds=INSPECTION_SECONDS, inspected_host=host)):
            answer = await pool.handle_async_request(request)
            await answer.aclose()
    except CertificateSeenError as seen:
        return _issuer_of(seen.certificate)
    except (httpx.TransportError, ExchangeError, UntrustedServerError):
        return None
    finally:
        await pool.aclose()
    return None


def _issuer_of(certificate: bytes) -> str | None:
    from cryptography import x509  # late: only needed where a certificate is not trusted

    try:
        issuer = x509.load_der_x509_certificate(certificate).issuer.rfc4514_string()
    except ValueError:
        return None
    return single_printable_line(issuer)[:MAX_ISSUER_CHARS] or None
