"""Sign-in: by password or single-use code; sessions are rows that every process sees."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from remit.domain import clock
from remit.domain.clock import Clock
from remit.errors import NotFoundError, StepUpNeededError, TooManyTriesError
from remit.governance import passwords
from remit.governance.accounts import Accounts
from remit.governance.owners import Person
from remit.store.accounts import AccountRows, SessionRow

CODE_MINUTES = 10
IDLE_MINUTES = 30
LIFE_HOURS = 12
STEP_UP_MINUTES = 15
CODES_MAX = 100
TRIES_MAX = 20  # wrong codes within TRIES_MINUTES
HANDLE_TRIES_MAX = 10  # wrong passwords for one person within TRIES_MINUTES
ADDRESS_TRIES_MAX = 50  # wrong passwords from one address within TRIES_MINUTES
TRIES_MINUTES = 10
PROLONG_SECONDS = 60  # a session that is used is prolonged in steps, not at each request

BY_LINK = "link"  # a single-use code that this machine printed
BY_PASSWORD = "password"  # noqa: S105 - the word for it

RandomBytes = Callable[[int], bytes]  # that many bytes, fit for secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long sessions last, and how fresh a sign-in must be for what cannot be taken back."""

    idle_minutes: int = IDLE_MINUTES
    life_hours: int = LIFE_HOURS
    step_up_minutes: int = STEP_UP_MINUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What the record keeps of a session beside a verdict; it opens nothing."""

    session: str
    strength: str
    auth_at: datetime
    fresh_until: datetime

    def demand_fresh(self, now: datetime) -> None:
        """Raise `StepUpNeededError` unless this person proved lately who they are."""
        if now >= self.fresh_until:
            raise StepUpNeededError(
                "what cannot be taken back needs a fresh sign-in, and yours is too old; sign in "
                "again at `/sign-in/again`"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One person at one browser."""

    token: str
    csrf: str
    person: Person
    started_at: datetime
    expires_at: datetime  # the earlier of idle and absolute end
    auth_at: datetime  # when the person last proved who they are
    strength: str  # how: link | password | oidc | oidc+mfa
    fresh_until: datetime  # for what cannot be taken back

    @property
    def signed_in(self) -> SignedIn:
        """What the record may keep of this session."""
        return SignedIn(
            session=_hash(self.token)[:16],
            strength=self.strength,
            auth_at=self.auth_at,
            fresh_until=self.fresh_until,
        )


class SignIn:
    """Lets people in and keeps their sessions; a restart signs nobody out."""

    def __init__(
        self,
        *,
        rows: AccountRows,
        random_bytes: RandomBytes,
        clock: Clock,
        people: Callable[[], Mapping[str, Person]],
        times: Times | None = None,
        links: bool = True,
    ) -> None:
        self.accounts = Accounts(rows, clock=clock, people=people)
        self.times = times or Times()
        self.links = links
        self._rows = rows
        self._random_bytes = random_bytes
        self._clock = clock
        self._people = people
        self._codes: dict[str, tuple[str, datetime]] = {}

    # -- doors -----------------------------------------------------------------------------------

    def issue(self, person: str) -> str:
        """Return a code that signs this person in once, within ten minutes, at this process.

        Raises `NotFoundError` for a handle that nobody active has.
        """
        if self.active(person) is None:
            raise NotFoundError(f"nobody active has the handle `{person}`; see `remit.toml`")
        now = self._clock()
        self._codes = {code: kept for code, kept in self._codes.items() if kept[1] > now}
        while len(self._codes) >= CODES_MAX:
            del self._codes[next(iter(self._codes))]
        digits = base64.b32encode(self._random_bytes(8)).decode()
        code = f"{digits[:6]}-{digits[6:12]}"
        self._codes[_plain(code)] = (person, now + timedelta(minutes=CODE_MINUTES))
        return code

    def redeem(self, code: str, *, before: Session | None = None) -> Session | None:
        """Return a new session for a code, or None; the code is used up.

        `before` is the session of this browser: it ends. Raises `TooManyTriesError` after too
        many wrong codes in ten minutes.
        """
        if not self.links:
            return None
        now = self._clock()
        was_right = self._count({"code": TRIES_MAX})
        given = _plain(code).encode()
        match = None
        for known in self._codes:
            if hmac.compare_digest(known.encode(), given):
                match = known
        handle, until = self._codes.pop(match) if match else ("", now)
        person = self.active(handle)
        if person is None or until <= now:
            return None
        was_right()
        return self.begin(person, strength=BY_LINK, before=before)

    def by_password(
        self, handle: str, password: str, *, address: str, before: Session | None = None
    ) -> Session | None:
        """Return a new session for a password, or None: unknown, wrong or shut alike.

        Raises `TooManyTriesError` after too many wrong ones, for this person or from there.
        """
        handle = handle.strip()
        was_right = self._count({
            f"handle:{handle.casefold()}": HANDLE_TRIES_MAX,
            f"address:{address}": ADDRESS_TRIES_MAX,
        })  # fmt: skip
        account = self._rows.account(handle)
        kept = account.password if account is not None and account.active else ""
        right = passwords.is_right(password, kept or None)
        person = self.active(handle)
        if not right or person is None:
            return None
        was_right()
        if passwords.is_weak(kept):
            self._rows.rehash(handle, old=kept, new=passwords.again(password))
        return self.begin(person, strength=BY_PASSWORD, before=before)

    def begin(
        self,
        person: Person,
        *,
        strength: str,
        before: Session | None = None,
        auth_at: datetime | None = None,
    ) -> Session:
        """Begin a session with a token of its own; the one before it ends.

        Where the same person proves again who they are, its absolute end stays.
        """
        now = self._clock()
        again = before is not None and before.person.handle == person.handle
        started = before.started_at if again and before is not None else now
        token = self._random_bytes(32).hex()
        row = SessionRow(
            token_hash=_hash(token),
            handle=person.handle,
            strength=strength,
            auth_us=clock.microseconds(min(auth_at or now, now)),
            started_us=clock.microseconds(started),
            expires_us=clock.microseconds(self._end(started, now)),
        )
        self._rows.begin(
            row,
            instead_of=None if before is None else _hash(before.token),
            now_us=clock.microseconds(now),
        )
        return self._session(token, row, person)

    # -- sessions --------------------------------------------------------------------------------

    def find(self, token: str) -> Session | None:
        """Return this token's living session with the person's present roles, and prolong it."""
        found = self._living(token)
        if found is None:
            return None
        row, person = found
        end = self._end(clock.instant(row.started_us), self._clock())
        expires_us = clock.microseconds(end)
        if expires_us - row.expires_us >= PROLONG_SECONDS * 1_000_000:
            self._rows.prolong(row.token_hash, expires_us=expires_us)
            row = replace(row, expires_us=expires_us)
        return self._session(token, row, person)

    def is_living(self, token: str) -> bool:
        """Return whether `find` would find this session, without prolonging it."""
        return self._living(token) is not None

    def end(self, token: str) -> None:
        """Sign out; an unknown token changes nothing."""
        self._rows.end(_hash(token))

    def now(self) -> datetime:
        """Return the time by which sessions are judged."""
        return self._clock()

    def secret(self) -> str:
        """Return a new secret, to be kept by a browser."""
        return self._random_bytes(32).hex()

    def close(self) -> None:
        """Close the rows; they open again when they are needed."""
        self._rows.close()

    # -- parts -----------------------------------------------------------------------------------

    def _count(self, limits: Mapping[str, int]) -> Callable[[], None]:
        """Count a try before it is looked at; return what takes it back where it was right."""
        subjects = {_hash(subject): number for subject, number in limits.items()}
        now_us = clock.microseconds(self._clock())
        nonce = self._random_bytes(8).hex()
        since_us = now_us - TRIES_MINUTES * 60_000_000
        if not self._rows.failed(subjects, at_us=now_us, since_us=since_us, nonce=nonce):
            raise TooManyTriesError(
                f"too many wrong tries in {TRIES_MINUTES} minutes; wait, then try again"
            )
        return lambda: self._rows.forgive(list(subjects), nonce=nonce)

    def _living(self, token: str) -> tuple[SessionRow, Person] | None:
        row = self._rows.session(_hash(token))
        if row is None or row.expires_us <= clock.microseconds(self._clock()):
            return None
        person = self.active(row.handle)
        return None if person is None else (row, person)

    def _session(self, token: str, row: SessionRow, person: Person) -> Session:
        auth_at = clock.instant(row.auth_us)
        return Session(
            token=token,
            csrf=hashlib.sha256(b"csrf" + token.encode()).hexdigest(),
            person=person,
            started_at=clock.instant(row.started_us),
            expires_at=clock.instant(row.expires_us),
            auth_at=auth_at,
            strength=row.strength,
            fresh_until=auth_at + timedelta(minutes=self.times.step_up_minutes),
        )

    def _end(self, started: datetime, now: datetime) -> datetime:
        return min(
            now + timedelta(minutes=self.times.idle_minutes),
            started + timedelta(hours=self.times.life_hours),
        )

    def active(self, handle: str) -> Person | None:
        """Return somebody who may sign in; None for anybody else."""
        person = self._people().get(handle)
        if person is None or not person.active or self.accounts.is_shut(handle):
            return None
        return person


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _plain(code: str) -> str:
    """Read a code as people type it: any case, with or without dash and spaces."""
    return "".join(letter for letter in code.upper() if letter.isalnum())[:64]
