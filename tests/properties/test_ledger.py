"""Laws of the ledger: one encoding for each value, one record whatever the units do."""

import json
from concurrent.futures import Future
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from remit.domain import value as domain_value
from remit.domain.entry import Entry
from remit.errors import EntryRefusedError
from remit.ledger import canonical, read
from remit.ledger.canonical import Json
from remit.ledger.keys import ContentKey
from remit.ledger.seal import open_payload, seal
from remit.ledger.verify import verify
from remit.store.unit import UnitOfWork
from remit.store.writer import Receipt
from tests.opened import Opened, draft, opened

KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
TEXT = st.text(max_size=20)
SCALARS = (
    st.booleans()
    | TEXT
    | st.integers(min_value=-canonical.INTEGER_MAX, max_value=canonical.INTEGER_MAX)
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
CONTENT: st.SearchStrategy[Json] = st.recursive(
    SCALARS | st.none() | st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
KEY = ContentKey("case-1", bytes(range(32)))


@given(VALUES)
def test_the_encoding_is_that_of_rfc_8785_and_of_both_encoders(value: Json) -> None:
    written = canonical.encode(value)

    assert written == rfc8785.dumps(value)
    assert written == orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    assert domain_value.encode(value) == domain_value._with_json(value) == written
    write, read_back = canonical._with_json()
    assert written == write(value)
    assert canonical.decode(written) == read_back(written) == value


@given(VALUES, st.data())
def test_a_second_encoding_of_a_value_is_refused(value: Json, data: st.DataObject) -> None:
    written = canonical.encode(value)
    place = data.draw(st.integers(min_value=0, max_value=len(written)))
    other = written[:place] + data.draw(st.sampled_from([b" ", b"\n", b"\t"])) + written[place:]
    try:
        found = canonical.decode(other)
    except EntryRefusedError:
        return
    assert canonical.encode(found) == other  # the space fell into a text: another value


@given(st.binary(max_size=60))
def test_any_bytes_are_one_value_or_refused(data: bytes) -> None:
    try:
        value = canonical.decode(data)
    except EntryRefusedError:
        return
    assert canonical.encode(value) == data


@given(CONTENT)
def test_sealed_content_opens_as_it_was(content: Json) -> None:
    sealed = seal(content, key=KEY, entry_id="e", role="result", random_bytes=bytes)
    opened_again = open_payload(
        sealed.ciphertext,
        key=KEY,
        entry_id="e",
        role="result",
        cipher=sealed.cipher,
        commitment=sealed.commitment,
    )
    assert opened_again == content
    assert json.dumps(opened_again, sort_keys=True) == json.dumps(content, sort_keys=True)


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["append", "fail", "many", "reopen", "read"]),
        st.integers(min_value=0, max_value=3),
        st.integers(min_value=1, max_value=4),
    ),
    max_size=12,
)


@given(OPERATIONS)
def test_any_sequence_of_units_keeps_what_it_acknowledged(
    operations: list[tuple[str, int, int]],
) -> None:
    with TemporaryDirectory() as folder:
        expected: dict[str, list[Entry]] = {}
        sessions = _sessions(operations)
        for seed, session in enumerate(sessions, start=1):
            with opened(f"sqlite:///{folder}/remit.db", Path(folder), seed=seed) as store:
                for kind, case, n in session:
                    _perform(store, kind, f"{case:032x}", n, expected)
                for case_id, entries in expected.items():
                    found = store.database.read(
                        lambda c, case_id=case_id: read.stream(c, store.keys, case_id)  # type: ignore[misc]  # bound now
                    )
                    assert found == entries
                if expected:
                    report = verify(store.database, store.journal.vkey, payload_keys=store.keys)
                    assert report.result == "intact"


def _sessions(operations: list[tuple[str, int, int]]) -> list[list[tuple[str, int, int]]]:
    sessions: list[list[tuple[str, int, int]]] = [[]]
    for operation in operations:
        if operation[0] == "reopen":
            sessions.append([])
        else:
            sessions[-1].append(operation)
    return sessions


def _perform(
    store: Opened, kind: str, case_id: str, n: int, expected: dict[str, list[Entry]]
) -> None:
    def work(uow: UnitOfWork) -> list[Entry]:
        made = [uow.append(draft(case_id, content={"n": i})) for i in range(n)]
        if kind == "fail":
            raise ValueError("the caller's own")
        return made

    if kind == "fail":
        with pytest.raises(ValueError, match="the caller's own"):
            store.writer.run(work)
    elif kind in ("append", "many"):
        futures: list[Future[Receipt[list[Entry]]]] = [
            store.writer.submit(work) for _ in range(1 if kind == "append" else n)
        ]
        for future in futures:
            expected.setdefault(case_id, []).extend(future.result().value)
