"""Statements that a session of PostgreSQL has prepared, sent past the driver's cursors.

A cursor costs three times what the statement behind it does. What is said once goes the driver's
way, which also takes several statements at once and listens to an interrupt; what is said again is
prepared, and from then on only its values travel. What nobody waits for is sent ahead of the next
statement, in the same round trip.
"""

import select
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import Any, Final

import psycopg
from psycopg.adapt import Dumper, PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.types.numeric import Int8Dumper

from remit.store.connection import Parameter, Row, dollar_style, percent_style

STATEMENTS_MAX: Final = 200  # that a session keeps prepared

_DONE: Final = frozenset((ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.EMPTY_QUERY))
_Key = tuple[str, tuple[int, ...]]  # a statement and the types of its values


class _Boolean(Dumper):
    """Booleans are the integers 0 and 1, as on SQLite."""

    oid = 20  # int8

    def dump(self, obj: bool) -> bytes:  # noqa: FBT001 - psycopg's signature
        return b"1" if obj else b"0"


class Prepared:
    """The statements of one session; raises the errors of `psycopg`."""

    def __init__(self, raw: "psycopg.Connection[Any]") -> None:
        raw.adapters.register_dumper(bool, _Boolean)
        raw.adapters.register_dumper(int, Int8Dumper)  # one type each: one prepared statement
        self._raw = raw
        self._pg: Any = raw.pgconn
        self._values = Transformer(raw)
        # The one that was new longest ago first; empty: said once.
        self._names: OrderedDict[_Key, bytes] = OrderedDict()
        self._number = 0
        self._ahead: list[Callable[[], None]] = []
        self._arrives = select.poll()
        self._arrives.register(raw.pgconn.socket, select.POLLIN)

    def changed(self, sql: str, params: Sequence[Parameter]) -> int:
        """Run a statement and return the number of rows it changed."""
        result = self._run(sql, params)
        if result is None:
            return self._new(sql, params).rowcount
        count: int | None = result.command_tuples
        return -1 if count is None else count

    def command(self, sql: str) -> bytes:
        """Run a statement without values and return what the server calls what it did."""
        result: Any = self._run(sql, ()) or self._new(sql, ()).pgresult
        status: bytes | None = result.command_status
        return status or b""

    def later(self, sql: str, given: Iterable[Sequence[Parameter]]) -> None:
        """Run a statement for each row of values, ahead of the next one; its errors come then."""
        for params in given:
            values = self._values.dump_sequence(params, _automatic(len(params))) if params else ()
            key = (sql, self._values.types or ()) if params else (sql, ())
            formats = self._values.formats if params else None
            name = self._names.get(key) or self._prepare(key)
            self._ahead.append(partial(self._pg.send_query_prepared, name, values, formats))

    def flush(self) -> None:
        """Run what was to be sent ahead."""
        if self._ahead:
            self._sent()

    def forget(self) -> None:
        """Send nothing of what was to be sent ahead."""
        self._ahead.clear()

    def rows(self, sql: str, params: Sequence[Parameter]) -> list[Row]:
        """Return all rows of a query."""
        result = self._run(sql, params)
        if result is None:
            return self._new(sql, params).fetchall()
        self._values.set_pgresult(result)
        return self._values.load_rows(0, result.ntuples, tuple)

    def first(self, sql: str, params: Sequence[Parameter]) -> Row | None:
        """Return the first row of a query, or None."""
        result = self._run(sql, params)
        if result is None:
            return self._new(sql, params).fetchone()
        self._values.set_pgresult(result)
        return self._values.load_rows(0, 1, tuple)[0] if result.ntuples else None

    # -- parts -----------------------------------------------------------------------------------

    def _new(self, sql: str, params: Sequence[Parameter]) -> "psycopg.Cursor[Any]":
        self.flush()
        return self._raw.execute(percent_style(sql), params, prepare=False)

    def _run(self, sql: str, params: Sequence[Parameter]) -> Any:
        """Run a statement that was said before; return its result, None where it is new."""
        values = self._values.dump_sequence(params, _automatic(len(params))) if params else ()
        key = (sql, self._values.types or ()) if params else (sql, ())
        name = self._names.get(key)
        if not name:
            if name is None:
                self._keep(key, b"")
                return None
            name = self._prepare(key)
        formats = self._values.formats if params else None
        if self._ahead:
            self._ahead.append(partial(self._pg.send_query_prepared, name, values, formats))
            return self._sent()
        return self._checked(self._pg.exec_prepared(name, values, formats))

    def _sent(self) -> Any:
        """Send what waits in one round trip; return the last result."""
        pg, commands = self._pg, self._ahead
        self._ahead = []
        pg.enter_pipeline_mode()
        try:
            for command in commands:
                command()
            pg.pipeline_sync()
            self._push()
            results = self._results()
            pg.exit_pipeline_mode()
        except BaseException:
            self._pg.finish()  # half of the answers are still to come
            raise
        for result in results:
            self._checked(result)
        return results[-1]

    def _push(self) -> None:
        """Send until all is on its way; read meanwhile, so that the server can go on."""
        if not self._pg.flush():
            return
        both = select.poll()
        both.register(self._pg.socket, select.POLLIN | select.POLLOUT)
        while self._pg.flush():
            if both.poll()[0][1] & select.POLLIN:
                self._pg.consume_input()

    def _results(self) -> list[Any]:
        """Return the results up to the mark behind them."""
        pg, results = self._pg, list[Any]()
        while True:
            while pg.is_busy():
                self._arrives.poll()
                pg.consume_input()
            result = pg.get_result()
            if result is None:
                raise psycopg.OperationalError("the server's answers ended too early")
            if result.status == ExecStatus.PIPELINE_SYNC:
                return results
            results.append(result)
            pg.get_result()  # nothing, which ends the answer to one statement

    def _checked(self, result: Any) -> Any:
        if result.status in _DONE:
            return result
        if result.error_field(DiagnosticField.SQLSTATE) is None:  # not the server's words
            raise psycopg.OperationalError(result.get_error_message())
        raise error_from_result(result)

    def _prepare(self, key: _Key) -> bytes:
        sql, types = key
        self._number += 1
        name = b"remit_%d" % self._number
        self._checked(self._pg.prepare(name, dollar_style(sql).encode(), types))
        self._keep(key, name)
        return name

    def _keep(self, key: _Key, name: bytes) -> None:
        self._names[key] = name
        self._names.move_to_end(key)
        while len(self._names) > STATEMENTS_MAX:
            _, old = self._names.popitem(last=False)
            if old:
                self._checked(self._pg.exec_(b"DEALLOCATE " + old))


@lru_cache(maxsize=256)
def _automatic(number: int) -> list[PyFormat]:
    return [PyFormat.AUTO] * number
