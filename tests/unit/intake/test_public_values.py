"""An owner's own values stay clear, however they are written; nobody else's do."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from remit.errors import SettingsError
from remit.intake.mask import Masker, open_scope
from remit.intake.public_values import PUBLIC
from tests.projects import Small, found, send

OURS = ("Help@Shop.example", "+49 30 901820", "https://shop.example/returns")
ANNA = "anna.lindqvist@example.org"


@pytest.fixture(autouse=True)
def nothing_said_after() -> Iterator[None]:
    yield
    PUBLIC.say()


def masker() -> Masker:
    return open_scope(
        "case", root_key=b"k" * 32, check_key=b"c" * 32, rows=[], random_bytes=Random(1).randbytes
    )[0]


@pytest.mark.parametrize(
    "text",
    [
        "write to help@shop.example", "or HELP@SHOP.EXAMPLE.", "call +49 30 901820 now",
        "call 030 901820 now", "call +49 (0)30 / 90 18 20 now",
        "see https://shop.example/returns",
    ],
)  # fmt: skip
def test_our_own_stays_clear_however_it_is_written(text: str) -> None:
    PUBLIC.say(public=OURS, locale="de_DE")
    assert masker().mask_text(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        f"write to {ANNA}", "xhelp@shop.example", "help@shop.example.org", "call +49 30 901821",
        "https://shop.example/returns/anna", "my key is ghp_" + "a1B2" * 9,
    ],
)  # fmt: skip
def test_what_is_only_like_it_is_masked(text: str) -> None:
    PUBLIC.say(public=OURS, locale="de_DE")
    assert masker().mask_text(text).text != text


def test_a_number_of_our_own_country_has_one_token_in_both_forms() -> None:
    PUBLIC.say(locale="de_DE")
    assert len(masker().mask_text("call 030 901820, or +49 30 901820").tokens) == 1


@pytest.mark.parametrize(
    "wrong", ["the shop", "write to help@shop.example", "", "ghp_" + "a1B2" * 9]
)
def test_what_is_no_one_value_is_refused_at_the_start(wrong: str) -> None:
    with pytest.raises(SettingsError, match="`public` lists"):
        PUBLIC.say(public=[wrong])


@pytest.mark.anyio
async def test_a_desk_sees_its_own_address_and_a_change_is_another_version(
    tmp_path: Path,
) -> None:
    small = Small(folder=tmp_path)
    seen, versions = [], set()
    for public in ("[]", f'["{OURS[0]}"]'):
        small.top = f"public = {public}\n"
        async with small.open("return case.message") as remit:
            said = f"I wrote to help@shop.example, I am {ANNA}"
            case_id = await send(remit, message=said, external_id=public)
            (received,) = found(remit, case_id, "intake:case:received")
            versions.add(received.fingerprint)
            seen.append(str(received.payloads["fields"]))
    assert "help@shop.example" not in seen[0]
    assert "I wrote to help@shop.example, I am EMAIL_" in seen[1]
    assert ANNA not in str(seen)
    assert len(versions) == 2
