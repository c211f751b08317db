import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.addresses import has_password, mask_passwords


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://user:s3cret@host:5432/db", "postgresql://user:***@host:5432/db"),
        ("postgresql://host/x?user=u&password=s3cret", "postgresql://host/x?user=u&password=***"),
        (
            "postgresql://host/x?user=u&password=s3cret&sslmode=require",
            "postgresql://host/x?user=u&password=***&sslmode=require",
        ),
        ("postgresql://u:s3c@r/et@host/db", "postgresql://u:***@host/db"),
        ("postgresql://u:s3c/r@host/db", "postgresql://u:***@host/db"),
        ("http://user:s3cret@host/", "http://user:***@host/"),
        ("https://s3cret@host/path", "https://***@host/path"),
        ("https://host/x.gz?X-Amz-Signature=s3cret", "https://host/x.gz?X-Amz-Signature=***"),
        ("postgresql:/u:s3cret@host/db", "postgresql:/u:***@host/db"),
        ("could not reach 'http://u:s3cret@host/a': refused", "could not reach 'http://u:***@host/a': refused"),
        ("postgresql://u:p@ss@h/x", "postgresql://u:***@h/x"),
        ("postgresql://u:12/s3cret@127.0.0.1/db", "postgresql://u:***@127.0.0.1/db"),
        ("postgresql://u:my s3cret@127.0.0.1/db", "postgresql://u:***@127.0.0.1/db"),
        ("postgresql://u:s3'cret@127.0.0.1/db", "postgresql://u:***@127.0.0.1/db"),
        ("postgresql://u:s3<cret@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:12?s3cret@h/db", "postgresql://u:***@h/db"),
        ("mysql://u:1#s3cret@h/db", "mysql://u:***@h/db"),
        ("postgresql://h/db?password=a,s3cret", "postgresql://h/db?password=***"),
        ("postgresql://h/db?password=a;s3cret", "postgresql://h/db?password=***"),
        ("postgresql://h/db?pass%77ord=s3cret&x=1", "postgresql://h/db?pass%77ord=***&x=1"),
        ("zip://inner/x::https://u:s3cret@host/a", "zip://inner/x::https://u:***@host/a"),
        ("https://h/x?sv=1&sig=s3cret", "https://h/x?sv=1&sig=***"),
        ("host=h user=u password=s3cret dbname=d", "host=h user=u password=*** dbname=d"),
    ],
)
def test_no_password_is_shown(address, shown):
    assert mask_passwords(address) == shown
    assert mask_passwords(shown) == shown
    assert has_password(address)


@pytest.mark.parametrize(
    "address",
    [
        "https://host/~someone@university/data",
        "https://host:8080/path?version=2",
        "postgresql://host/db?sslmode=require",
        "postgresql://user@host/db",
        "http://h:80/x@2 and me@example.org",
        "abfs://container@account.dfs.core.windows.net/x",
        "sftp://user@host/path",
        "s3://bucket/folder",
        "apt:dataset-fashion-mnist",
        "/data/me@work/file",
        "train.epochs=3",
    ],
)
def test_an_address_without_a_password_is_shown_as_it_is(address):
    assert mask_passwords(address) == address
    assert not has_password(address)


SECRET = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S"), exclude_characters="'\"<>"), min_size=1)


@given(SECRET.map(lambda text: f"qq{text}qq"), st.sampled_from(["postgresql", "http", "s3", "postgresql+psycopg"]))
def test_no_character_of_a_password_lets_it_out(secret, scheme):
    assert secret not in mask_passwords(f"{scheme}://user:{secret}@host:5432/db")
