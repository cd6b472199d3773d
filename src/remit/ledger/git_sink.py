"""The git sink: a commit for each checkpoint, pushed to a remote that refuses force pushes."""

import os
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from remit.domain.clock import Clock
from remit.errors import AnchorUnavailableError
from remit.ledger import anchor
from remit.ledger.anchor import AnchorReceipt
from remit.ledger.held import Held
from remit.ledger.sinks import name_of

SECONDS_MAX: Final = 30
SAID_CHARACTERS_MAX: Final = 300
LATEST: Final = "checkpoint"  # the newest line once more, so that reading it costs one object
_THEIRS: Final = "refs/remit/theirs"
_OURS: Final = "refs/remit/pushed"  # the last commit that the remote took from us
_NEXT: Final = "refs/remit/next"
_REPOSITORY: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")


class GitSink:
    """Commits on a branch of a remote; a bare copy of it is kept beside the other state."""

    kind = "git"

    def __init__(
        self, remote: str, folder: Path, *, clock: Clock, operator: str, branch: str = "main"
    ) -> None:
        self.remote = remote
        self.operator = operator
        self.place = f"the anchor `{remote}`"
        self._folder = folder
        self._branch = branch
        self._clock = clock

    def publish(self, held: Held) -> AnchorReceipt:
        """Fetch, compare, commit and push without force."""
        last = self._fetched(held)
        held.compare(last, place=self.place)
        if last is not None and last.size == held.size:
            return last
        at = self._clock()
        made = AnchorReceipt(note=held.note, operator=self.operator, kind=self.kind, at=at)
        line = anchor.line_of(made)
        self._run("update-ref", "-d", _NEXT)
        self._git("fast-import", "--quiet", "--force", given=self._commit(held.size, line, at))
        self._git("push", "--quiet", self.remote, f"{_NEXT}:refs/heads/{self._branch}")
        self._git("update-ref", _OURS, _NEXT)
        commit = self._git("rev-parse", _NEXT).strip()
        return AnchorReceipt(
            note=held.note, operator=self.operator, kind=self.kind, at=at, raw=commit
        )

    def compare(self, held: Held) -> None:
        """Fetch and compare the newest checkpoint of the branch."""
        held.compare(self._fetched(held), place=self.place)

    def kept(self) -> Sequence[AnchorReceipt]:
        """Fetch and return every checkpoint of the branch."""
        self._fetch()
        head = self._tip(_THEIRS)
        if not head:
            return []
        listed = self._git("ls-tree", "-r", "-z", _THEIRS).split(b"\0")
        blobs = [
            line.split(b"\t")[0].split(b" ")[2]
            for line in listed
            if line.endswith(anchor.SUFFIX.encode())
        ]
        found = []
        for data in self._blobs(blobs):
            for line in data.splitlines():
                one = anchor.parsed(line, operator=self.operator, kind=self.kind)
                found.append(
                    AnchorReceipt(
                        note=one.note, operator=one.operator, kind=one.kind, at=one.at, raw=head
                    )
                )
        return found

    def vouches(self, receipt: AnchorReceipt) -> bool:
        """Say no: only what is read back from it counts."""
        del receipt
        return False

    def _fetched(self, held: Held) -> AnchorReceipt | None:
        """Return the newest checkpoint that the remote has of this log."""
        self._fetch()
        head = self._tip(_THEIRS)
        if not head:
            return None
        try:
            line = self._git("cat-file", "blob", f"{_THEIRS}:{LATEST}")
        except AnchorUnavailableError:
            return None  # a branch with other content, before our first commit
        found = anchor.parsed(line, operator=self.operator, kind=self.kind)
        if not held.signed(found):
            return None  # of an older origin
        return AnchorReceipt(
            note=found.note, operator=self.operator, kind=self.kind, at=found.at, raw=head
        )

    def _fetch(self) -> None:
        if not (self._folder / "HEAD").exists():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._git("init", "--quiet", "--bare", ".")
        listed = self._git("ls-remote", "--heads", self.remote, f"refs/heads/{self._branch}")
        if listed.strip():
            source = f"+refs/heads/{self._branch}:{_THEIRS}"
            self._git("fetch", "--quiet", "--no-tags", self.remote, source)
        ours = self._tip(_OURS)
        if ours and not (listed.strip() and self._contains(ours)):
            raise AnchorUnavailableError(
                f"{self.place} has lost commit {ours.decode()[:12]}, which it had taken: it must "
                f"refuse force pushes; find out who rewrote it, then remove `{self._folder}`"
            )

    def _contains(self, commit: bytes) -> bool:
        done = self._run("merge-base", "--is-ancestor", commit.decode(), _THEIRS)
        return done.returncode == 0

    def _tip(self, name: str) -> bytes:
        done = self._run("rev-parse", "--quiet", "--verify", name)
        return done.stdout.strip() if done.returncode == 0 else b""

    def _commit(self, size: int, line: bytes, at: datetime) -> bytes:
        said = f"checkpoint of {size} entries\n".encode()
        parent = self._tip(_THEIRS)
        files = b"".join(
            b"M 100644 inline %b\ndata %d\n%b\n" % (name.encode(), len(line), line)
            for name in (name_of(size), LATEST)
        )
        return b"".join(
            (
                f"commit {_NEXT}\n".encode(),
                f"committer Remit <remit@localhost> {int(at.timestamp())} +0000\n".encode(),
                b"data %d\n%b" % (len(said), said),
                b"from %b\n" % parent if parent else b"",
                files,
                b"done\n",
            )
        )

    def _blobs(self, names: Sequence[bytes]) -> list[bytes]:
        data = self._git("cat-file", "--batch", given=b"".join(one + b"\n" for one in names))
        found, place = [], 0
        for _ in names:
            end = data.index(b"\n", place)
            length = int(data[place:end].rsplit(b" ", 1)[1])
            found.append(data[end + 1 : end + 1 + length])
            place = end + length + 2
        return found

    def _git(self, *arguments: str, given: bytes = b"") -> bytes:
        done = self._run(*arguments, given=given)
        if done.returncode:
            said = " ".join(done.stderr.decode(errors="replace").split())
            raise AnchorUnavailableError(
                f"{self.place}: `git {arguments[0]}` says: {said[:SAID_CHARACTERS_MAX]}"
            )
        return done.stdout

    def _run(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        around = {name: value for name, value in os.environ.items() if name not in _REPOSITORY}
        try:
            return subprocess.run(  # noqa: S603 - fixed words; the remote is of the settings
                ["git", *arguments],  # noqa: S607 - the git of whoever runs Remit
                cwd=self._folder,
                env={
                    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
                    **around,
                    "GIT_TERMINAL_PROMPT": "0",
                },
                input=given,
                capture_output=True,
                check=False,
                timeout=SECONDS_MAX,
            )
        except subprocess.TimeoutExpired as error:
            raise AnchorUnavailableError(
                f"{self.place}: `git {arguments[0]}` took over {SECONDS_MAX} seconds"
            ) from error
        except OSError as error:
            raise AnchorUnavailableError(f"`git` cannot be run ({error.strerror})") from error
