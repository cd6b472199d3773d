"""Every kind of anchor with a real other side, for the contract suite and the faults."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from remit.domain.clock import Clock
from remit.ledger.git_sink import GitSink
from remit.ledger.held import Held, held
from remit.ledger.sinks import DirectorySink, FileSink, Sink
from remit.ledger.timestamp_sink import TimestampSink
from remit.ledger.witness_sink import WitnessSink
from tests.loopback import authority, witness
from tests.opened import Opened, Ticking

KINDS = ("file", "directory", "git", "witness", "rfc3161")
REMEMBER = ("file", "directory", "git", "witness")  # an authority remembers nothing
KEEP = ("file", "directory", "git")  # what they keep can be read back


@dataclass(frozen=True, slots=True, kw_only=True)
class Far:
    """The other side: `sink` makes a client that knows nothing yet, `end` takes it away."""

    kind: str
    sink: Callable[[], Sink]
    end: Callable[[], None]


@contextmanager
def far(kind: str, folder: Path, *, vkey: str, clock: Clock | None = None) -> Iterator[Far]:
    """Set up the other side of a kind of anchor."""
    time = clock or Ticking()
    with ExitStack() as stack:
        match kind:
            case "file":
                path = folder / "kept" / "one.anchor"
                yield Far(
                    kind=kind,
                    sink=lambda: FileSink(path, clock=time, operator="archive"),
                    end=lambda: (path.unlink(missing_ok=True), path.mkdir())[1],
                )
            case "directory":
                share = folder / "share"
                share.mkdir()
                yield Far(
                    kind=kind,
                    sink=lambda: DirectorySink(share, clock=time, operator="archive"),
                    end=lambda: share.rename(folder / "away") and None,
                )
            case "git":
                remote = bare(folder / "remote.git")
                yield Far(
                    kind=kind,
                    sink=lambda: GitSink(
                        str(remote), folder / "copy.git", clock=time, operator="archive"
                    ),
                    end=lambda: remote.rename(folder / "away") and None,
                )
            case "witness":
                one = stack.enter_context(witness.serving(folder / "w1", [vkey]))
                yield Far(
                    kind=kind,
                    sink=lambda: WitnessSink(one.url, key=one.key, operator="archive"),
                    end=one.kill,
                )
            case "rfc3161":
                server = stack.enter_context(authority.serving(folder / "tsa"))
                yield Far(
                    kind=kind,
                    sink=lambda: TimestampSink(server.url, roots=server.roots, operator="archive"),
                    end=lambda: setattr(server, "says", b"\x30\x03nothing"),
                )


def bare(folder: Path) -> Path:
    """Make a repository that refuses to have its history rewritten."""
    git("init", "--quiet", "--bare", str(folder))
    git("-C", str(folder), "config", "receive.denyNonFastForwards", "true")
    git("-C", str(folder), "config", "receive.denyDeletes", "true")
    return folder


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout


def now(store: Opened) -> Held:
    """Return the ledger as its last checkpoint states it."""
    return store.database.read(lambda c: held(c, store.journal.vkey, store.database.read))
