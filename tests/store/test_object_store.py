"""Presigned addresses of screenshots: AWS's documented example, and what boto3 makes, which BugSpark uses."""

from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import pytest

from reconciler.model.secret import Secret
from reconciler.store.bugspark.object_store import ObjectStore, presign_get

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
SECRET = Secret("secret/with+signs==")
KEY = (
    "11111111-2222-4333-8444-555555555555/66666666-7777-4888-9999-aaaaaaaaaaaa/"
    "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff.png"
)
EARLIER_KEY = "screenshots/bbbbbbbb-cccc-4ddd-8eee-ffffffffffff.webp"


def the_store(endpoint_url: str = "https://store.test", region: str = "us-east-1") -> ObjectStore:
    return ObjectStore(
        endpoint_url=endpoint_url,
        region=region,
        bucket="bugspark-uploads",
        access_key="AKIDEXAMPLE",
        secret_key=SECRET,
        lifetime_seconds=900,
    )


def test_the_example_of_aws_s_documentation() -> None:
    url = presign_get(
        "https://examplebucket.s3.amazonaws.com/test.txt",
        region="us-east-1",
        access_key="AKIAIOSFODNN7EXAMPLE",
        secret_key=Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        lifetime_seconds=86400,
        at=datetime(2013, 5, 24, tzinfo=UTC),
    )
    assert url == (
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


@pytest.mark.parametrize(
    ("endpoint", "region", "signature"),
    [
        (
            "http://localhost:9000",
            "us-east-1",
            "5a66323ea8d6dae6f6f3de96a749b846024670b05316078fd164e81e0ea104b1",
        ),
        (
            "https://account.r2.cloudflarestorage.com",
            "auto",
            "8d9786efbf2b866bb58e503ce60096d6964062eb29e52deca263799afae22960",
        ),
    ],
)
def test_an_address_is_the_one_that_boto3_makes(endpoint: str, region: str, signature: str) -> None:
    """The signatures: botocore's `generate_presigned_url`, with an endpoint of its own and `s3v4`."""
    address = the_store(endpoint, region).screenshot_address(KEY, AT)
    assert address == (
        f"{endpoint}/bugspark-uploads/{KEY}?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential=AKIDEXAMPLE%2F20260301%2F{region}%2Fs3%2Faws4_request"
        f"&X-Amz-Date=20260301T090000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature={signature}"
    )


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        (
            f"https://ref.supabase.co/storage/v1/s3/uploads/{EARLIER_KEY}",  # an endpoint with a path
            "3c2cb9b61194315184184f07e0837e11c721ba620e4ef585b920f36a57c6cab3",
        ),
        (
            f"https://s3.eu-west-2.amazonaws.com/uploads/{KEY}",
            "d6769ead5ef9e323765a6227a1346976fd940038e1a642536f5a99057a77846e",
        ),
        (
            "https://S3.Example.com:443/my.bucket/a%20b/%C3%BC%2B~%27%281%29%26%3F%3D%25.png",
            "a5f12b67711e1eb61abf4d01273ab952a2294ea44102550be80d63f92f88a6a3",
        ),
    ],
)
def test_paths_ports_and_percent_signs_are_signed_as_boto3_signs_them(url: str, signature: str) -> None:
    address = presign_get(
        url, region="eu-west-2", access_key="AKIDEXAMPLE", secret_key=SECRET, lifetime_seconds=900, at=AT
    )
    assert address.startswith(f"{url}?X-Amz-Algorithm=")
    assert parse_qs(urlsplit(address).query)["X-Amz-Signature"] == [signature]


def test_the_time_of_another_zone_is_the_same_time() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=8)))
    assert the_store().screenshot_address(KEY, elsewhere) == the_store().screenshot_address(KEY, AT)


def test_a_slash_at_the_end_of_the_endpoint_is_none_of_the_path() -> None:
    there = the_store("https://store.test/").screenshot_address(EARLIER_KEY, AT)
    assert there == the_store("https://store.test").screenshot_address(EARLIER_KEY, AT)


@pytest.mark.parametrize("stored", ["https://old.test/a.png", "http://old.test/a b", "https://"])
def test_an_address_stays_as_it_is(stored: str) -> None:
    assert the_store().screenshot_address(stored, AT) == stored


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "",
        "secrets.txt",
        "../../other-bucket/a.png",
        f"{KEY}\n",
        f"{KEY}?x=1",
        f"/{KEY}",
        f"screenshots/../{KEY}",
        "ftp://old.test/a.png",
        KEY.replace("png", "p\u00fcg"),
    ],
)
def test_a_key_that_no_upload_makes_is_not_signed(stored: str | None) -> None:
    assert the_store().screenshot_address(stored, AT) is None


def test_the_secret_is_shown_by_no_repr() -> None:
    assert SECRET.reveal() not in repr(the_store())
