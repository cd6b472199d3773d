"""Masking a case: one token for a value, nothing unmasked left, and an exact way back."""

import json
import os
import traceback
from collections.abc import Mapping

import pytest

from remit.domain.value import Json
from remit.errors import (
    MaskingFailedError,
    TokenNotEntitledError,
    TokenUnknownError,
    VaultLockedError,
)
from remit.intake import tokens
from remit.intake.mask import Masked, Masker
from remit.intake.vault import ScopeVault, VaultRow

ROOT = b"r" * 32
MESSAGE = (
    "I'm anna@example.org, call 030 901820 or +49 30 901820. Card 4111 1111 1111 1111, "
    "order 12345678, 19.99 EUR, see https://example.org/u/anna"
)


def vault(
    scope: str = "case-1", rows: tuple[VaultRow, ...] = (), root: bytes = ROOT
) -> ScopeVault:
    return ScopeVault(scope, root_key=root, check_key=root, rows=rows, random_bytes=os.urandom)


@pytest.fixture
def masker() -> Masker:
    return Masker(vault(), regions=("DE",))


def test_a_message_keeps_what_is_harmless_and_nothing_else(masker: Masker) -> None:
    masked = masker.mask_text(MESSAGE)

    for value in ("anna", "901820", "4111"):
        assert value not in masked.text
    for clear in ("order 12345678", "19.99 EUR", "https://example.org/URL_"):
        assert clear in masked.text
    assert [tokens.type_of(one) for one in masked.tokens] == ["EMAIL", "PHONE", "CARD", "URL"]


def test_one_value_has_one_token_however_it_is_written(masker: Masker) -> None:
    masked = masker.mask_text("030 901820 is my phone, so is +49 30 901820")

    assert masked.text == f"{masked.tokens[0]} is my phone, so is {masked.tokens[0]}"
    assert masker.mask_value("PHONE", "+49/30/901820") == masked.tokens[0]


def test_the_way_back_is_exact_also_after_a_restart() -> None:
    first = vault()
    masked = Masker(first, regions=("DE",)).mask_text(MESSAGE)
    again = Masker(vault(rows=first.take_new_rows()))

    assert again.restore_text(masked) == MESSAGE
    assert first.take_new_rows() == ()


def test_masking_our_own_text_again_changes_nothing(masker: Masker) -> None:
    masked = masker.mask_text(MESSAGE)

    assert masker.mask_text(masked.text, trusted_tokens=True).text == masked.text


@pytest.mark.parametrize("dress", ["{}", "<{}>", "{}@example.org", "x{}x", "\\u005f{}"])
def test_a_token_pasted_from_outside_is_only_text(masker: Masker, dress: str) -> None:
    live = masker.mask_text("anna@example.org").tokens[0]
    pasted = dress.format(live)
    masked = masker.mask_text(pasted)

    assert live not in masked.text
    assert masker.restore_text(masked) == pasted
    assert "anna" not in masker.restore_text(masked)


def test_only_the_look_alike_itself_is_hidden(masker: Masker) -> None:
    masked = masker.mask_text("please read EMAIL_7K3QX2MD and reply")

    assert masked.text == f"please read {masked.tokens[0]} and reply"
    assert tokens.type_of(masked.tokens[0]) == "TEXT"


def test_a_look_alike_that_reaches_into_a_value_takes_all_of_it_along(masker: Masker) -> None:
    masker.mask_value("PERSON", "Anna Roe")
    masked = masker.mask_text("hi CARD_23456Anna Roe")

    assert masked.text == f"hi {masked.tokens[0]}"
    assert masker.restore_text(masked) == "hi CARD_23456Anna Roe"


def test_text_that_would_grow_into_a_look_alike_is_hidden_as_a_whole(masker: Masker) -> None:
    masker.mask_value("PERSON", "Ursula Roe")
    text = "CARD_23456Ursula Roe"  # with the name's token it would read CARD_23456PER
    masked = masker.mask_text(text)

    assert masked.text == masked.tokens[0]
    assert masker.restore_text(masked) == text


def test_of_an_address_on_the_web_only_the_host_stays(masker: Masker) -> None:
    masked = masker.mask_text("https://bob:pw99@example.org/u/bob?key=1#top")

    kinds = [tokens.type_of(one) for one in masked.tokens]
    assert masked.text == f"https://{masked.tokens[0]}@example.org/{masked.tokens[1]}"
    assert kinds == ["SECRET", "URL"]


def test_a_name_declared_late_is_masked_in_what_came_before(masker: Masker) -> None:
    record: Json = {"a": "for Bob Poe", "list": ["Bob Poe!"], "name": "Bob Poe"}
    masked = masker.mask_json(record, private={"name": "PERSON"})

    assert "Bob" not in json.dumps(masked)
    assert masker.restore(masked) == record


def test_a_token_is_well_formed_and_its_check_belongs_to_its_scope(masker: Masker) -> None:
    mine, other = vault("case-1"), vault("case-2")
    for number in range(200):
        token = mine.token_for("EMAIL", f"u{number}@example.org", "x")
        head, last = token[:-1], token[-1]
        wrong = head + tokens.ALPHABET[(tokens.ALPHABET.index(last) + 1) % 32]
        assert [one.token for one in tokens.reads(token)] == [token]
        assert mine.checks(token)
        assert not mine.checks(wrong)
    assert len({one.partition("_")[2][:4] for one in mine.tokens()}) == 200
    assert not all(other.checks(one) for one in mine.tokens())


def test_a_value_met_before_is_masked_where_no_pattern_sees_it(masker: Masker) -> None:
    masker.mask_json({"name": "Anna Roe"}, private={"name": "PERSON"})
    masked = masker.mask_text("thanks, ANNA ROE (anna-roe)")

    assert masked.text == f"thanks, {masked.tokens[0]} ({masked.tokens[0]})"


def test_declared_leaves_become_tokens_of_their_canonical_value(masker: Masker) -> None:
    record: Json = {
        "id": "o-1",
        "total": 1999,
        "buyer": {"email": "Anna@EXAMPLE.org", "pin": 1234, "tags": ["vip"]},
        "lines": [{"to": "Anna Roe"}, {"to": "Bob Poe"}],
        "note": "for Anna Roe, Anna@example.org",
    }
    private: Mapping[str, str] = {
        "buyer.email": "EMAIL",
        "buyer.pin": "PRIVATE",
        "lines.*.to": "PERSON",
    }
    masked = masker.mask_json(record, private=private)

    text = json.dumps(masked)
    assert not [one for one in ("Anna", "Bob", "1234", "EXAMPLE") if one in text]
    assert isinstance(masked, dict)
    assert isinstance(masked["buyer"], dict)
    assert (masked["id"], masked["total"]) == ("o-1", 1999)
    assert masker.restore(masked["buyer"]) == {
        "email": "Anna@example.org",
        "pin": 1234,
        "tags": ["vip"],
    }
    assert masker.mask_json(masked, private=private, trusted_tokens=True) == masked


def test_everything_below_a_declared_leaf_is_private(masker: Masker) -> None:
    address: Json = {"address": {"street": "Long Lane 5", "lines": ["first floor", ""]}}
    masked = masker.mask_json(address, private={"address": "ADDRESS"})

    assert "Lane" not in json.dumps(masked)
    assert "floor" not in json.dumps(masked)
    assert masker.restore(masked) == address


def test_keys_and_large_numbers_are_searched_too(masker: Masker) -> None:
    record: Json = {"anna@example.org": {"card": 4111111111111111, "order_id": 4111111111111111}}
    masked = masker.mask_json(record)

    assert "anna" not in json.dumps(masked)
    inner = next(iter(masked.values())) if isinstance(masked, dict) else None
    assert isinstance(inner, dict)
    assert tokens.is_token(str(inner["card"]), "CARD")
    assert inner["order_id"] == 4111111111111111 or tokens.is_token(str(inner["order_id"]))
    assert masker.restore(masked) == record


def test_a_leaf_turns_into_the_canonical_value_and_a_text_into_what_was_written(
    masker: Masker,
) -> None:
    token = masker.mask_text("call 030 901820").tokens[0]

    assert masker.restore({"to": token, "body": f"we call {token}"}) == {
        "to": "+4930901820",
        "body": "we call 030 901820",
    }


@pytest.mark.parametrize("dress", ["email_{}", "Email {}", "email-{}", "EMAIL\\_{}", "EMAIL%5F{}"])
def test_a_token_is_read_in_other_dress(masker: Masker, dress: str) -> None:
    token = masker.mask_text("anna@example.org").tokens[0]
    worn = dress.format(token.partition("_")[2].lower())

    assert masker.restore(f"to **{worn}**'s box") == "to **anna@example.org**'s box"


def test_unknown_tokens_are_named_and_refused(masker: Masker) -> None:
    mine = masker.mask_text("anna@example.org").tokens[0]
    foreign = Masker(vault("case-2")).mask_text("bob@example.org").tokens[0]

    assert masker.contains_unknown_token({"a": [mine, f"x {foreign}"]}) == (foreign,)
    for value in (foreign, f"to {foreign}"):
        with pytest.raises(TokenUnknownError):
            masker.restore(value)


def test_the_vault_gives_a_value_only_for_its_own_type() -> None:
    mine = vault()
    token = mine.token_for("EMAIL", "anna@example.org", "anna@example.org")

    assert mine.resolve(token, expected_type="EMAIL") == "anna@example.org"
    with pytest.raises(TokenNotEntitledError):
        mine.resolve(token, expected_type="PHONE")


def test_rows_hold_no_value_and_open_only_in_their_scope_and_with_their_key() -> None:
    mine = vault()
    mine.token_for("EMAIL", "anna@example.org", "anna@example.org")
    (row,) = mine.take_new_rows()

    assert b"anna" not in row.sealed + row.index
    with pytest.raises(VaultLockedError):
        vault("case-2", rows=(row,))
    with pytest.raises(VaultLockedError):
        vault(rows=(row,), root=b"x" * 32)
    with pytest.raises(VaultLockedError):
        vault(root=b"short")


def test_the_raw_is_sealed_as_it_came_and_for_nothing_else(masker: Masker) -> None:
    sealed = masker.seal(b"anna@example.org\xff")

    assert b"anna" not in sealed
    assert masker.unseal(sealed) == b"anna@example.org\xff"
    with pytest.raises(VaultLockedError):
        masker.restore_text(Masked(text="x", tokens=(), surfaces=sealed))


def test_a_token_row_moved_to_another_name_does_not_open() -> None:
    mine = vault()
    mine.token_for("EMAIL", "anna@example.org", "anna@example.org")
    other = mine.token_for("EMAIL", "bob@example.org", "bob@example.org")
    first, _ = mine.take_new_rows()
    moved = VaultRow(
        scope=first.scope, token=other, type="EMAIL", index=first.index, sealed=first.sealed
    )

    with pytest.raises(VaultLockedError):
        vault(rows=(moved,))


def test_equal_values_of_two_scopes_share_nothing_that_is_stored() -> None:
    rows: list[VaultRow] = []
    for scope in ("case-1", "case-2"):
        one = vault(scope)
        one.token_for("EMAIL", "anna@example.org", "anna@example.org")
        rows += one.take_new_rows()

    assert rows[0].index != rows[1].index


def test_a_failing_masker_says_nothing_of_the_value() -> None:
    value = "@".join(("an" + "na", "example.org"))  # source lines stand in a traceback

    def exhausted(count: int) -> bytes:
        raise RuntimeError(f"no randomness for {count} bytes of {value}")

    broken = Masker(
        ScopeVault("c", root_key=ROOT, check_key=ROOT, rows=(), random_bytes=exhausted)
    )
    with pytest.raises(MaskingFailedError) as raised:
        broken.mask_text(value)

    assert value not in "".join(traceback.format_exception(raised.value))
    assert raised.value.__context__ is None


def test_the_owners_public_values_stay_clear() -> None:
    masker = Masker(vault(), public=("Support@shop.example",))

    assert masker.mask_text("write support@shop.example") == Masked(
        text="write support@shop.example", tokens=()
    )


def test_repr_of_what_is_known_shows_no_value() -> None:
    mine = vault()
    mine.token_for("EMAIL", "anna@example.org", "anna@example.org")

    assert "anna" not in repr(mine.known_values())
    assert "anna" not in repr(mine)
