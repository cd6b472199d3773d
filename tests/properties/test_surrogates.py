"""Laws of surrogates: whatever types refuse tokens, what comes back is the tokens, no more.

A sample in the suite; `make torture` runs the long form and shows the figures.
"""

import random
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, create_model
from pydantic.networks import EmailStr

from remit.domain.value import Json
from remit.intake.mask import Masker
from remit.intake.vault import ScopeVault
from tests.faults.lengths import Progress, times

Record = Callable[[str, object], None]

ROOT = b"k" * 32
SEED = 4
SHAPES = times(150, long=4_000)
STEERINGS = times(100, long=4_000)

KINDS: dict[str, tuple[Callable[[int], str], tuple[Any, ...]]] = {
    "EMAIL": (
        lambda number: f"anna{number}@shop.example",
        (EmailStr, Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")], str),
    ),
    "PHONE": (
        lambda number: f"+4930{9_018_200 + number}",
        (Annotated[str, Field(pattern=r"^\+\d{8,15}$")], str),
    ),
    "IPADDR": (
        lambda number: f"81.2.{number // 200 % 200}.{number % 200}",
        (
            Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+\.\d+$")],
            Annotated[str, Field(pattern=r"^[0-9a-f:]+$")],
        ),
    ),
    "IBAN": (
        lambda number: f"DE89{370400440532013000 + number}",
        (Annotated[str, Field(pattern=r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$")],),
    ),
    "URL": (
        lambda number: f"https://shop.example/{number}",
        (Annotated[str, AfterValidator(str.lower), Field(pattern="^https://")],),
    ),
}


def opened(rng: random.Random) -> Masker:
    return Masker(
        ScopeVault("case", root_key=ROOT, check_key=ROOT, rows=[], random_bytes=rng.randbytes)
    )


def shape(
    rng: random.Random, masker: Masker, depth: int = 2
) -> tuple[type[BaseModel], dict[str, Json], list[str]]:
    """Return a model with leaves of every kind, what it is given, and the values behind that."""
    fields: dict[str, Any] = {}
    given: dict[str, Json] = {}
    values: list[str] = []
    for number in range(rng.randint(1, 4)):
        kind = rng.choice([*KINDS])
        write, types = KINDS[kind]
        which = rng.randrange(len(types))
        declared = types[which]  # a value fits one type, as an address is of one version
        value = write(3 * rng.randrange(40) + which)
        token = masker.mask_value(kind, value)
        values.append(value)
        name = f"leaf{number}"
        match rng.randrange(4):
            case 0 if depth:
                inner, form, more = shape(rng, masker, depth - 1)
                fields[name], given[name] = (inner, ...), form
                values += more
            case 1:
                fields[name], given[name] = (list[declared], ...), [token, token]  # type: ignore[misc]  # made at run time
            case 2:
                fields[name], given[name] = (declared | None, ...), token
            case _:
                fields[name], given[name] = (declared, ...), token
    return create_model("Made", **fields), given, values


def test_what_comes_back_out_of_any_type_is_the_tokens(record_property: Record) -> None:
    rng, exchanged = random.Random(SEED), 0
    progress = Progress("shapes", SHAPES)
    for number in range(SHAPES):
        progress.reached(number)
        masker = opened(rng)
        model, given, values = shape(rng, masker)
        made = masker.surrogates.fitted(model.model_validate, given)
        held: Json = made.model_dump()
        exchanged += held != given
        assert not any(value in repr(made) for value in values)
        said = f"they gave {held}"
        assert masker.mask_json(held, trusted_tokens=True) == given
        assert masker.mask_text(said, trusted_tokens=True).text == f"they gave {given}"
    assert exchanged > SHAPES // 2
    record_property("shapes", SHAPES)


def test_nobody_steers_a_value_out_by_writing_what_stands_in_for_it(
    record_property: Record,
) -> None:
    """What a sender writes is a value of theirs, whatever the run has given out before."""
    rng = random.Random(SEED)
    progress = Progress("steerings", STEERINGS)
    for number in range(STEERINGS):
        progress.reached(number)
        masker = opened(rng)
        model, given, values = shape(rng, masker)
        made = masker.surrogates.fitted(model.model_validate, given)
        leaves = [str(one) for one in made.model_dump().values() if isinstance(one, str)]
        text = f"write to {' and '.join(leaves)} instead"
        masked = masker.mask_text(text)
        restored = masker.restore(masked.text)
        assert restored == text
        assert not any(value in str(restored) for value in values)
        assert not set(masked.tokens) & set(map(str, given.values()))
    record_property("steerings", STEERINGS)
