"""What is found in a text, and what only looks like it. All values are from reserved ranges."""

import pytest

from remit.intake.detect import Known, find
from remit.intake.scrub import scrub

FOUND = [
    ("EMAIL", "write to anna@example.org.", "anna@example.org"),
    ("EMAIL", "mailto:o'neil+x@mail.example.co.uk>", "o'neil+x@mail.example.co.uk"),
    ("EMAIL", "to=anna%40example.org&x=1", "anna%40example.org"),
    ("EMAIL", "anna&#64;example.org", "anna&#64;example.org"),
    ("EMAIL", "anna\\u0040example.org", "anna\\u0040example.org"),
    ("EMAIL", "an\u200bna@example.org", "an\u200bna@example.org"),
    ("EMAIL", "letter of anna.l@mail.example.txt", "anna.l@mail.example"),
    ("PHONE", "call +49 30 901820 now", "+49 30 901820"),
    ("PHONE", "(+49 30 901820)", "+49 30 901820"),
    ("PHONE", "+49 (0)30 901820", "+49 (0)30 901820"),
    ("PHONE", "Tel.: 0049 30 901820", "0049 30 901820"),
    ("PHONE", "phone 030 901820", "030 901820"),
    ("PHONE", "(201) 555-0123", "(201) 555-0123"),
    ("PHONE", "my mobile: 07400 123456", "07400 123456"),
    ("CREDIT_CARD", "card 4111 1111 1111 1111.", "4111 1111 1111 1111"),
    ("CREDIT_CARD", "4111-1111-1111-1111", "4111-1111-1111-1111"),
    ("CREDIT_CARD", "4111111111111111", "4111111111111111"),
    ("CREDIT_CARD", "amex 3782 822463 10005", "3782 822463 10005"),
    ("CREDIT_CARD", "card ４１１１１１１１１１１１１１１１", "４１１１１１１１１１１１１１１１"),
    ("CREDIT_CARD", "order 12345 paid with 4111111111111111", "4111111111111111"),
    ("CREDIT_CARD", "order 4111 1111 1111 1111", "4111 1111 1111 1111"),
    ("CREDIT_CARD", "paid by Visa-4111111111111111", "4111111111111111"),
    ("CREDIT_CARD", "card-4111 1111 1111 1111", "4111 1111 1111 1111"),
    ("PHONE", "Tel-030 901820", "030 901820"),
    ("PHONE", "order 12345, reach me: 030 901820", "030 901820"),
    ("PHONE", "fax 201.555.0123 ext. 12", "201.555.0123 ext. 12"),
    ("IBAN", "IBAN DE89 3704 0044\n0532 0130 00", "DE89 3704 0044\n0532 0130 00"),
    ("IBAN", "IBAN DE89 3704 0044 0532 0130 00 and", "DE89 3704 0044 0532 0130 00"),
    ("IBAN", "de89370400440532013000", "de89370400440532013000"),
    ("IP", "from 192.0.2.17:443", "192.0.2.17"),
    ("IP", "from 2001:db8::17.", "2001:db8::17"),
    ("MAC", "mac 00:00:5e:00:53:01", "00:00:5e:00:53:01"),
    ("URL", "see https://example.org/u/anna?x=1.", "https://example.org/u/anna?x=1"),
    ("US_SSN", "ssn 123-45-6789", "123-45-6789"),
    ("DOB", "born 4 March 1980", "4 March 1980"),
    ("DOB", "date_of_birth: 1980-03-04", "1980-03-04"),
    ("SECRET", "password: hunter2-hunter2", "hunter2-hunter2"),
    ("SECRET", "Authorization: Bearer abcdef0123456789abcdef", "abcdef0123456789abcdef"),
]
CLEAR = [
    "icon@2x.png",
    "site@2x.min.js",
    "install pkg@1.2.3",
    "order 4111111111111111",
    "ORD-4111111111111111",
    "SKU-030901820",
    "order number 12345678901",
    "Order #201-555-0123",
    "invoice 030 901820",
    "tracking: 4930901820",
    "phone order INV-2024-508343",
    "call about ORD-2015550123",
    "it cost 1.234.567,89 EUR",
    "1 234,56 €",
    "on 2025-03-04 at 10:15:00",
    "12.03.2025",
    "version 1.2.3.4",
    "v10.0.0.1",
    "IBAN DE88 3704 0044 0532 0130 00",
    "card 4111 1111 1111 1112",
    "trace 9e107d9d372bb6826bd81d3542a419d6",
    "3f2b8c1e-0000-4000-8000-000000000000",
    "password: ${PASSWORD}",
    "password is required",
    "std::vector and a::b",
    "created on 1980-03-04",
    "100% of 50 items @ 3 each",
    "see you at 5",
]


@pytest.mark.parametrize(("label", "text", "value"), FOUND)
def test_a_value_is_found_where_it_stands(label: str, text: str, value: str) -> None:
    found = [(one.label, text[one.start : one.end]) for one in find(text)]

    assert (label, value) in found


@pytest.mark.parametrize("text", CLEAR)
def test_what_only_looks_like_a_value_stays_clear(text: str) -> None:
    assert find(text) == ()


def test_a_key_says_what_a_bare_number_is() -> None:
    assert [one.type for one in find("030 901820", label="phone")] == ["PHONE"]
    assert find("030901820", label="order_id") == ()


def test_the_column_of_a_table_says_what_a_bare_number_is() -> None:
    table = "order_id,phone\n2015550123,2015550123\n"

    assert [(one.start, one.type) for one in find(table)] == [(26, "PHONE")]


def test_a_national_number_is_one_with_its_international_form() -> None:
    text = "phone 030 901820, +49 30 901820"

    assert {one.canonical for one in find(text, regions=("DE",))} == {"+4930901820"}


@pytest.mark.parametrize(
    "text",
    [
        "ANNA ROE",
        "anna  roe",
        "Anna\u00a0Roe",
        "Ánna Roe",
        "anna_roe",
        "Anna%20Roe",
        "Anna\nRoe's",
    ],
)
def test_a_known_value_is_found_in_other_dress(text: str) -> None:
    known = [Known.of("PERSON", "Anna Roe")]

    assert [one.type for one in find(f"hi {text} here", known=known)] == ["PERSON"]


def test_a_known_value_may_not_continue_a_word() -> None:
    assert find("Annabel Roebuck", known=[Known.of("PERSON", "Anna")]) == ()


def test_a_known_value_inside_a_larger_find_does_not_cut_it() -> None:
    found = find("to anna.roe@example.org", known=[Known.of("PERSON", "Anna Roe")])

    assert [(one.start, one.end) for one in found] == [(3, 23)]


def test_scrubbing_leaves_kinds_and_no_values() -> None:
    line = "user anna@example.org from 192.0.2.17 paid 19.99 EUR with 4111 1111 1111 1111"

    assert scrub(line) == "user [EMAIL] from [IPADDR] paid 19.99 EUR with [CARD]"
