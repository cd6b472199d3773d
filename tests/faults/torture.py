"""Kill the torture desk with -9, very often, and look at what is left.

`python -m tests.faults.torture points [--story S] --database sqlite|URL FOLDER`: each story alone,
killed at each commit point and around each call of the outside world, one scenario a point.
`python -m tests.faults.torture random --kills N --seed S --database sqlite|URL FOLDER`: many cases
of all stories on one database, killed at random points and at random moments, an audit after each
epoch. Progress goes to standard error, one JSON object of counts to standard output; the first
promise that does not hold ends the run with its sentence and exit code 1, the folder is kept.
"""

import argparse
import asyncio
import json
import os
import random
import select
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from remit.app import Remit
from remit.errors import DatabaseInUseError, RemitError
from remit.store import cases
from tests import sounding
from tests.faults.lengths import Progress
from tests.faults.power import cut
from tests.faults.torture_life import HEARD, STORIES, WORKFLOW, Life, warm
from tests.faults.world import HONOURS, calls

POINTS_MAX = 300
EPOCH_KILLS = 50
PROOFS = 30  # of each audit
LIFE_SECONDS_MAX = 180
ENDS = {story: {"completed"} for story in STORIES} | {"cancel": {"cancelled", "completed"}}


class BrokenPromiseError(AssertionError):
    """Something that must hold after any crash does not."""


@dataclass(slots=True, kw_only=True)
class Epoch:
    """One database and everything that was acknowledged about it."""

    folder: Path
    database: str | None
    wishes: list[tuple[str, str]] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    heard: set[str] = field(default_factory=set)  # a sender that heard nothing sends again
    lives: int = 0
    kills: int = 0
    power: Callable[[], int] | None = None  # cuts it after a life; says how many writes are gone
    gone: int = 0

    def life(self, *, new: Sequence[tuple[str, str]], countdown: int, after: float | None) -> int:
        """Live once in a child; return how it ended (0, or minus the signal).

        The child kills itself at the `countdown`-th point, or is killed `after` seconds from here.
        """
        self.wishes.extend(new)
        self.lives += 1
        out, into = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(out)
            self._child(into, countdown)
        os.close(into)
        status = self._watch(child, out, after)
        os.close(out)
        if self.power is not None:
            self.gone += self.power()
        end = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        if end == -signal.SIGKILL:
            self.kills += 1
        elif end:
            raise BrokenPromiseError(f"life {self.lives} ended with {end}; see above")
        return end

    def finish(self) -> dict[str, int]:
        """Let undisturbed lives bring everything to its end, then audit; return counts."""
        done = self.folder / "audit.json"
        done.unlink(missing_ok=True)
        self.life(new=(), countdown=0, after=None)
        return json.loads(done.read_text())

    # -- the child -------------------------------------------------------------------------------

    def _child(self, into: int, countdown: int) -> None:
        left = countdown

        def reached(point: str) -> None:
            nonlocal left
            del point
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        life = Life(
            folder=self.folder,
            database=self.database,
            start_seconds=3_600.0 * self.lives,
            wishes=[one for one in self.wishes if one[0] not in self.heard],
            rollbacks=[name for name, story in self.wishes if story == "rollback"],
            reached=reached,
            acknowledge=lambda line: os.write(into, line.encode() + b"\n") and None,
        )
        try:
            last = countdown == 0
            for _ in range(600):
                try:
                    asyncio.run(life.live(self._audit if last else None))
                    break
                except DatabaseInUseError:  # the server has not noticed yet that its client died
                    time.sleep(0.05)
            else:
                os.write(2, b"the database stays in use\n")
                os._exit(6)
        except BrokenPromiseError as error:
            os.write(2, f"broken: {error}\n".encode())
            os._exit(5)
        except RemitError as error:
            os.write(2, f"{error.code}: {error}\n".encode())
            traceback.print_exception(error)
            os._exit(3)
        except BaseException as error:  # noqa: BLE001 - a child must not go on as its parent
            traceback.print_exception(error)
            os._exit(4)
        os._exit(0)

    def _watch(self, child: int, out: int, after: float | None) -> int:
        """Read what the child acknowledges until it ends; kill it when its time has come."""
        began, pending = time.monotonic(), b""
        while True:
            waited = time.monotonic() - began
            if waited > LIFE_SECONDS_MAX:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise BrokenPromiseError(f"life {self.lives} did not end in {LIFE_SECONDS_MAX} s")
            timeout = 1.0 if after is None else max(0.0, after - waited)
            ready, _, _ = select.select([out], [], [], timeout)
            if ready:
                data = os.read(out, 65_536)
                if not data:
                    break
                pending += data
            elif after is not None:
                os.kill(child, signal.SIGKILL)
                after = None
        whole, _, _ = pending.rpartition(b"\n")
        for line in whole.decode().split("\n") if whole else ():
            if line.startswith(HEARD):
                self.heard.add(line.removeprefix(HEARD))
            else:
                self.acknowledged.add(line)
        _, status = os.waitpid(child, 0)
        return status

    # -- what must hold --------------------------------------------------------------------------

    def _audit(self, remit: Remit) -> None:
        """Compare the record with what was acknowledged and with what the world counted."""
        remit.keeper.drain()
        found_by = sounding.findings(remit)
        _hold(not found_by, f"verify finds {found_by[:5]}")
        stored = {
            f"{case_id} {seq}"
            for case_id, seq in remit.database.read(
                lambda c: c.rows("select case_id, seq from entries")
            )
        }
        lost = self.acknowledged - stored
        _hold(not lost, f"{len(lost)} acknowledged entries are lost, such as {sorted(lost)[:3]}")
        counts = remit.counts()
        _hold(counts["balance"] == 0, f"the balance is {counts['balance']}")
        _hold(
            counts["received"] == len(self.wishes),
            f"{len(self.wishes)} were sent and {counts['received']} are there",
        )
        found = Counter({"entries": len(stored), "cases": counts["received"], "lost": len(lost)})
        found["proofs"] = sounding.proofs(remit, most=PROOFS)
        found.update(self._effects(remit))
        found.update(self._cases(remit))
        (self.folder / "audit.json").write_text(json.dumps(found))

    def _cases(self, remit: Remit) -> Counter[str]:
        found: Counter[str] = Counter()
        for external, story in self.wishes:
            name = remit.intake.identity({}, external_id=external)
            row = remit.database.read(lambda c, n=name: cases.find_external(c, WORKFLOW, n))  # type: ignore[misc]  # a default binds the loop's value
            _hold(row is not None, f"`{external}` ({story}) is not there")
            assert row is not None
            status, reason = row.status.value, row.reason
            if status == "closed":
                _hold(reason in ENDS[story], f"`{external}` ({story}) closed as {reason}")
                found["closed"] += 1
                found["cancelled"] += reason == "cancelled"
            else:  # the bell takes no keys: nobody may ring again, a person looks
                stuck = story == "gather" and (status, reason) == ("parked", "effect")
                _hold(stuck, f"`{external}` ({story}) is {status}: {reason}")
                found["left to a person"] += 1
        return found

    def _effects(self, remit: Remit) -> Counter[str]:
        made = calls(self.folder / "world.jsonl")
        by_key = Counter(one["key"] for one in made)
        operations = {one["key"]: one["operation"] for one in made}
        intended: Counter[str] = Counter()
        uncertain: Counter[str] = Counter()
        asked: Counter[str] = Counter()
        told_of: dict[str, list[str]] = {}
        for body, event in _effect_entries(remit):
            told_of.setdefault(str(body.get("effect_id", "")), []).append(event.rpartition(":")[2])
            kept = {
                "orchestration:effect:intended": intended,
                "orchestration:effect:ambiguous": uncertain,
                "orchestration:effect:reconciled": asked,
            }.get(event)
            if kept is not None:
                kept[str(body["effect_id"])] += 1
        for key, times in by_key.items():
            where = f"effect {key} ({operations[key]}; {' '.join(told_of.get(key, ()))})"
            _hold(intended[key] >= times, f"{where} was called {times}, intended {intended[key]}")
            if times > 1:
                _hold(operations[key] in HONOURS, f"{where} takes no keys, was called {times}")
                _hold(uncertain[key] >= 1, f"{where} was repeated and never ambiguous")
                _hold(asked[key] >= 1, f"{where} was repeated and nobody asked first")
        return Counter(
            effects=len(by_key),
            repeated=sum(1 for times in by_key.values() if times > 1),
            ambiguous=sum(1 for key in uncertain if key in intended),
        )


def _effect_entries(remit: Remit) -> Iterator[tuple[dict[str, object], str]]:
    after = -1
    from remit.ledger import read as record

    while page := remit.database.read(lambda c, a=after: record.tail(c, a, 5_000)):  # type: ignore[misc]
        for position, entry in page:
            after = position
            if entry.event.startswith("orchestration:effect:"):
                yield dict(entry.body), entry.event


def _hold(holds: object, sentence: str) -> None:
    if not holds:
        raise BrokenPromiseError(sentence)


# -- the two ways of killing ---------------------------------------------------------------------


def points(
    folder: Path, database: Callable[[], str | None], *, stories: Sequence[str], step: int
) -> Counter[str]:
    """Kill each story at every `step`-th point, each time on a database of its own."""
    found: Counter[str] = Counter()
    for story in stories:
        for point in range(1, POINTS_MAX, step):
            home = folder / f"{story}-{point}"
            home.mkdir(parents=True)
            epoch = Epoch(folder=home, database=database())
            end = epoch.life(new=[("one", story)], countdown=point, after=None)
            found.update(epoch.finish())
            found.update(scenarios=1, kills=epoch.kills, acknowledged=len(epoch.acknowledged))
            shutil.rmtree(home)
            if end == 0:
                break
    return found


def at_random(
    folder: Path,
    database: Callable[[], str | None],
    *,
    kills: int,
    seed: int,
    progress: Progress,
    power: Path | None = None,
) -> Counter[str]:
    """Kill lives at random points and moments until there were so many kills."""
    chance = random.Random(seed)
    found: Counter[str] = Counter()
    number = 0
    while found["kills"] < kills:
        number += 1
        home = folder / f"epoch-{number}"
        home.mkdir(parents=True)
        epoch = Epoch(folder=home, database=database())
        if power is not None:
            epoch.power = partial(cut, power, chance)
        length = 0.3
        while epoch.kills < min(EPOCH_KILLS, kills - found["kills"]):
            fresh = [
                (f"{number}-{len(epoch.wishes) + n}", chance.choice(STORIES))
                for n in range(chance.randint(0, 3))
            ]
            started = time.monotonic()
            if chance.random() < 0.5:
                end = epoch.life(new=fresh, countdown=chance.randint(1, 80), after=None)
            else:
                end = epoch.life(new=fresh, countdown=-1, after=chance.random() * length)
            if end == 0:
                length = 0.7 * length + 0.3 * (time.monotonic() - started)
        found.update(epoch.finish())
        found.update(
            epochs=1, kills=epoch.kills, lives=epoch.lives, acknowledged=len(epoch.acknowledged)
        )
        if power is not None:
            found["writes gone"] += epoch.gone
        shutil.rmtree(home)
        progress.reached(
            found["kills"],
            f"{found['cases']:,} cases, {found['acknowledged']:,} entries acknowledged, "
            f"{found['repeated']} repeats known",
        )
    return found


def databases(url: str) -> Callable[[], str | None]:
    """Return what gives a fresh database: a file in the folder, or one of a server."""
    if url == "sqlite":
        return lambda: None
    base, _, rest = url.partition(":///")
    options = rest.partition("?")[2]
    numbers = iter(range(1, 1_000_000))

    def fresh() -> str:
        import psycopg

        name = f"torture_{os.getpid()}_{next(numbers)}"
        with psycopg.connect(url, autocommit=True) as connection:
            old = f"torture_{os.getpid()}_{int(name.rpartition('_')[2]) - 1}"
            connection.execute(f"drop database if exists {old} with (force)".encode())
            connection.execute(f"create database {name}".encode())
        return f"{base}:///{name}?{options}"

    return fresh


def told(text: str) -> None:
    """Show progress."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the program's progress


def main() -> int:
    """Do what is asked for; print the counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("how", choices=("points", "random"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--database", default="sqlite")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--power", type=Path, help="the log of `power.c`: cut it after each life")
    parser.add_argument("--story", choices=STORIES, help="with points: this one only")
    parser.add_argument("--step", type=int, default=1, help="with points: every so many")
    asked = parser.parse_args()
    fresh = databases(asked.database)
    warm(asked.folder / "warm", fresh())
    try:
        if asked.how == "points":
            found = points(
                asked.folder, fresh, stories=[asked.story] if asked.story else STORIES,
                step=asked.step,
            )  # fmt: skip
        else:
            kind = asked.database.partition(":")[0]
            progress = Progress(f"kills at random, {kind}, seed {asked.seed}", asked.kills)
            found = at_random(
                asked.folder, fresh, kills=asked.kills, seed=asked.seed, progress=progress,
                power=asked.power,
            )  # fmt: skip
    except BrokenPromiseError as error:
        told(f"broken: {error} (in {asked.folder}, seed {asked.seed})")
        return 1
    print(json.dumps(dict(sorted(found.items()))))  # noqa: T201 - the program's output
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
