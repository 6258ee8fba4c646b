"""Headers that announce the end of a token or of a version of the API."""

from datetime import UTC, datetime

import pytest

from reconciler.github.expiry_headers import parse_token_expiry, read_expiry_headers
from reconciler.model.passes import AnnouncedExpiries

NONE = AnnouncedExpiries(api_version="2022-11-28")
SUNSET = datetime(2028, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-10 09:30:00 UTC", datetime(2026, 12, 10, 9, 30, tzinfo=UTC)),
        ("2026-12-10 09:30:00 +0200", datetime(2026, 12, 10, 7, 30, tzinfo=UTC)),
        ("2026-12-10 09:30:00 -0700", datetime(2026, 12, 10, 16, 30, tzinfo=UTC)),
        ("0001-01-01 00:00:00 +2359", None),
        ("soon", None),
        ("", None),
    ],
)
def test_both_forms_of_a_token_expiry_are_read(text: str, moment: datetime | None) -> None:
    assert parse_token_expiry(text) == moment


@pytest.mark.parametrize("deprecation", ["@1772496000", "true", "Tue, 10 Mar 2026 00:00:00 GMT"])
def test_a_deprecation_in_any_form_announces_the_end(deprecation: str) -> None:
    found = read_expiry_headers({"deprecation": deprecation, "sunset": "Fri, 10 Mar 2028 00:00:00 GMT"}, NONE)
    assert (found.is_deprecated, found.sunset_at) == (True, SUNSET)
    assert found.version_warning() == (
        "GitHub ends version 2022-11-28 of its API on 2028-03-10: set github.api_version to a newer one"
    )
    assert read_expiry_headers({}, found) == found


def test_an_answer_without_these_headers_announces_nothing() -> None:
    found = read_expiry_headers({"deprecation": "false", "sunset": "never"}, NONE)
    assert found == NONE
    assert (found.token_warning(SUNSET), found.version_warning()) == (None, None)
