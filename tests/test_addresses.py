import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncekit import address_columns, addresses


@pytest.mark.parametrize(
    ("written", "bare"),
    [
        ("ann@example.com", "ann@example.com"),
        (" <Ann.Lee@EXAMPLE.com.> ", "Ann.Lee@example.com"),
        ("rfc822;ann@example.com", "ann@example.com"),
        ("RFC822 ; ann@example.com", "ann@example.com"),
        ("mailto:ann@example.com", "ann@example.com"),
        ('"Lee, Ann" <ann@example.com>', "ann@example.com"),
        ("'ann@example.com'", "ann@example.com"),
        ("王@xn--fsqu00a.example", "王@例子.example"),
        ("ann@例子.example", "ann@例子.example"),
        ("a@b@example.com", "a@b@example.com"),
        ("ann@exa mple.com", None),
        ("ann", None),
        ("@example.com", None),
        ("ann@", None),
        ("", None),
        (None, None),
        ("a" * 400 + "@example.com", None),
    ],
)
def test_bare_address_inside_what_was_written(written, bare):
    assert addresses.clean(written) == bare


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("Ann@example.com", "ann@example.com"),
        ("ANN@例子.example", "ann@xn--fsqu00a.example"),
        ("STRASSE@example.com", "strasse@example.com"),
        ("Straße@example.com", "strasse@example.com"),
        ("b***@example.com", None),
        ("xxxx@example.com", None),
        ("nobody", None),
        (None, None),
    ],
)
def test_key_matches_what_is_one_mailbox_and_never_a_masked_one(address, key):
    assert addresses.key(address) == key


def test_org_domain_follows_the_public_suffix_list():
    assert addresses.org_domain("mail.sales.example.co.uk") == "example.co.uk"
    assert addresses.org_domain("co.uk") == "co.uk"
    assert addresses.org_domain("") is None


def test_provider_is_known_by_domain_then_by_the_host_seen_most():
    pairs = [
        ("gmail.com", "mx.example.net", 9),
        ("example.com", "aspmx.l.google.com", 2),
        ("example.com", "mx.example.net", 5),
        ("example.org", None, 3),
        (None, "aspmx.l.google.com", 1),
    ]
    assert addresses.providers_by_domain(pairs) == {
        "gmail.com": "google",
        "example.com": "google",
        "example.org": "other",
    }


def test_provider_of_a_domain_does_not_hang_on_the_order_of_rows():
    pairs = [
        ("example.com", "aspmx.l.google.com", 2),
        ("example.com", "example-com.mail.protection.outlook.com", 2),
    ]
    one, other = (addresses.providers_by_domain(order) for order in (pairs, pairs[::-1]))
    assert one == other


PIECES = st.sampled_from(
    ["a", "B", "1", ".", "..", "-", "_", "'", '"', "<", ">", ";", ",", " ", "*", "x", "xxx", "+"]
) | st.sampled_from(
    ["@", "@example.com", "@Example.COM", "xn--fsqu00a", "王", "ß", "rfc822;", "mailto:", "\0"]
)


@given(st.lists(st.none() | st.lists(PIECES, max_size=8).map("".join), max_size=20))
def test_a_column_gives_what_its_addresses_give_one_by_one(texts):
    column = pa.array(texts, pa.large_string())
    cleaned, domains, keys = address_columns.located(column)
    one_by_one = [addresses.clean(text) for text in texts]
    assert cleaned.to_pylist() == one_by_one
    assert domains.to_pylist() == [addresses.domain_of(text) for text in one_by_one]
    assert keys.to_pylist() == [addresses.key(text) for text in one_by_one]
    assert address_columns.clean(column).to_pylist() == one_by_one
    assert address_columns.keys(cleaned).to_pylist() == keys.to_pylist()
