"""Sign-in: single-use codes and the sessions of people, kept in memory."""

import base64
import hmac
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from remit.domain.clock import Clock
from remit.errors import NotFoundError, TooManyTriesError
from remit.governance.owners import Person

CODE_MINUTES = 10
IDLE_MINUTES = 30
LIFE_HOURS = 12
CODES_MAX = 100
SESSIONS_MAX = 1_000
TRIES_MAX = 20  # wrong codes within CODE_MINUTES

RandomBytes = Callable[[int], bytes]  # that many bytes, fit for secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One person at one browser."""

    token: str
    csrf: str
    person: Person
    started_at: datetime
    expires_at: datetime  # the earlier of idle and absolute end


class SignIn:
    """Issues codes and keeps sessions; a restart signs everybody out."""

    def __init__(
        self,
        *,
        random_bytes: RandomBytes,
        clock: Clock,
        people: Callable[[], Mapping[str, Person]],
    ) -> None:
        self._random_bytes = random_bytes
        self._clock = clock
        self._people = people
        self._codes: dict[str, tuple[str, datetime]] = {}
        self._sessions: dict[str, Session] = {}
        self._wrong: deque[datetime] = deque(maxlen=TRIES_MAX)

    def issue(self, person: str) -> str:
        """Return a code that signs this person in once, within ten minutes.

        Raises `NotFoundError` for a handle that nobody active has.
        """
        if self._active(person) is None:
            raise NotFoundError(f"nobody active has the handle `{person}`; see `remit.toml`")
        now = self._clock()
        self._codes = {code: kept for code, kept in self._codes.items() if kept[1] > now}
        while len(self._codes) >= CODES_MAX:
            del self._codes[next(iter(self._codes))]
        digits = base64.b32encode(self._random_bytes(8)).decode()
        code = f"{digits[:6]}-{digits[6:12]}"
        self._codes[_plain(code)] = (person, now + timedelta(minutes=CODE_MINUTES))
        return code

    def redeem(self, code: str) -> Session | None:
        """Return a new session for a code, or None; the code is used up.

        Raises `TooManyTriesError` after too many wrong codes in ten minutes.
        """
        now = self._clock()
        since = now - timedelta(minutes=CODE_MINUTES)
        while self._wrong and self._wrong[0] <= since:
            self._wrong.popleft()
        if len(self._wrong) >= TRIES_MAX:
            raise TooManyTriesError(
                f"{TRIES_MAX} wrong codes in {CODE_MINUTES} minutes; wait, then ask for a new code"
            )
        given = _plain(code).encode()
        match = None
        for known in self._codes:
            if hmac.compare_digest(known.encode(), given):
                match = known
        handle, until = self._codes.pop(match) if match else ("", now)
        person = self._active(handle)
        if person is None or until <= now:
            self._wrong.append(now)
            return None
        self._forget_the_old(now)
        session = Session(
            token=self._random_bytes(32).hex(),
            csrf=self._random_bytes(32).hex(),
            person=person,
            started_at=now,
            expires_at=now + timedelta(minutes=IDLE_MINUTES),
        )
        self._sessions[session.token] = session
        return session

    def find(self, token: str) -> Session | None:
        """Return this token's living session with the person's present roles, and prolong it."""
        session = self._sessions.get(token)
        now = self._clock()
        if session is None:
            return None
        person = self._active(session.person.handle)
        if session.expires_at <= now or person is None:
            del self._sessions[token]
            return None
        end = session.started_at + timedelta(hours=LIFE_HOURS)
        idle_end = now + timedelta(minutes=IDLE_MINUTES)
        prolonged = replace(session, person=person, expires_at=min(idle_end, end))
        self._sessions[token] = prolonged
        return prolonged

    def is_living(self, token: str) -> bool:
        """Return whether `find` would find this session, without prolonging it."""
        session = self._sessions.get(token)
        return (
            session is not None
            and session.expires_at > self._clock()
            and self._active(session.person.handle) is not None
        )

    def end(self, token: str) -> None:
        """Sign out; an unknown token changes nothing."""
        self._sessions.pop(token, None)

    def _active(self, handle: str) -> Person | None:
        person = self._people().get(handle)
        return person if person is not None and person.active else None

    def _forget_the_old(self, now: datetime) -> None:
        self._sessions = {
            token: session for token, session in self._sessions.items() if session.expires_at > now
        }
        while len(self._sessions) >= SESSIONS_MAX:
            del self._sessions[next(iter(self._sessions))]


def _plain(code: str) -> str:
    """Read a code as people type it: any case, with or without dash and spaces."""
    return "".join(letter for letter in code.upper() if letter.isalnum())[:64]
