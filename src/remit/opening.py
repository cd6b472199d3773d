"""Open a project: read what its settings name, put it together, hand over a Remit."""

import gc
import os
import random as randomness
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from remit.app import Remit
from remit.assembly import assemble, encoder_of
from remit.entrance import database_url, name_of, roster_of
from remit.errors import SettingsError
from remit.intake.plugins import PLUGINS
from remit.intake.public_values import PUBLIC
from remit.ledger import signing
from remit.ledger.anchor_standing import AnchorRules
from remit.ledger.anchoring import Anchors
from remit.ledger.git_sink import GitSink
from remit.ledger.keys import KeyRing
from remit.ledger.keystore import KEY_FILE, CommandKeyStore, FileKeyStore, KeyStore
from remit.ledger.randomness import RandomPages
from remit.ledger.recovery import current_origin
from remit.ledger.remote_signer import RemoteSigner
from remit.ledger.rotation import Epochs
from remit.ledger.sinks import DirectorySink, FileSink, Sink
from remit.ledger.timestamp_sink import TimestampSink
from remit.ledger.witness_sink import WitnessSink
from remit.models.choice import Progress
from remit.settings import (
    DirectoryAnchor,
    FileAnchor,
    GitAnchor,
    Project,
    WitnessAnchor,
    secret,
)
from remit.store import passages, projections
from remit.store.database import Database, open_database
from remit.store.keys import KEY_ROWS, key_rows

if TYPE_CHECKING:
    from remit.orchestration.several import Several

# The tables beside the ledger's own.
SCHEMA = (*projections.SCHEMA, *passages.SCHEMA)


FORWARD = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def elapsed() -> float:
    """Return seconds that run forward only, and while the machine sleeps too."""
    return time.clock_gettime(FORWARD)


# Allocations between two looks for garbage, and looks between two of the next, older generation.
GARBAGE = (10_000, 20, 20)


def settle() -> None:
    """Set aside what is there for good, and look for garbage less often.

    For a process that does nothing else than Remit's work: what was loaded is large, and to look
    through it again and again took three or four hundredths of a case's processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def open_remit(
    project: Project,
    *,
    owner: str = "remit",
    read_only: bool = False,
    progress: Progress | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    elapsed: Callable[[], float] = elapsed,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    durability_check: bool = True,
    reserve_bytes: int = 0,
    runs_max: int = 64,
    reads_on: bool = False,
) -> Remit:
    """Open a project's database and put its workflows together.

    A record that contradicts itself or an anchor is refused; with `reads_on` it is opened, and
    everything but reading is refused.
    Raises the errors of `remit.errors` that name what is wrong with settings, files or database.
    """
    settings = project.settings
    PLUGINS.use(project.listed("recognisers"))  # first: a classifier may be trained on such texts
    PUBLIC.say(public=project.listed("public"), locale=settings.locale)
    shared = settings.dispatch == "dbos"
    if shared:
        owner = f"{owner} {random_bytes(6).hex()}"  # as the server shows this one process
    random_bytes = RandomPages(random_bytes)
    generator = randomness.SystemRandom()
    roster = roster_of(project)
    encoder = encoder_of(project)
    assembled = {}
    for member in project.workflows:
        one = assemble(
            member,
            people=project.people,
            directories=project.directories,
            who=roster.of(name_of(member)),
            models_folder=project.path(settings.trained),
            random=generator.random,
            encoder=encoder,
            progress=progress,
        )
        assembled[one.workflow.name] = one
    database = open_database(
        database_url(project),
        schema=SCHEMA,
        read_only=read_only,
        owner=owner,
        durability_check=durability_check,
        reserve_bytes=reserve_bytes,
        shared=shared,
        sessions_max=settings.sessions_max,
        clock=now,
    )
    try:
        keys = key_ring(project, random_bytes=random_bytes, now=now)
    except BaseException:
        database.close()
        raise
    try:
        anchors = anchors_of(project, database, keys, now=now)
        anchors.compare(reads_on=reads_on)
        remit = Remit(
            database=database,
            keys=keys,
            signer=remote_signer(project),
            origin=current_origin(database, settings.origin),
            anchors=anchors,
            assembled=assembled,
            people=roster,
            now=now,
            elapsed=elapsed,
            random_bytes=random_bytes,
            locale=settings.locale,
            zone=settings.zone,
            runs_max=runs_max,
            replay_check_share=settings.replay_check_share,
            signers=settings.changes.people,
            epochs=Epochs(
                rotation_days=settings.root_key_rotation_days,
                destroy_after_days=settings.root_key_destroy_after_days,
            ),
            several=_several(project, owner) if shared else None,
        )
        remit.pressure.disk_free_min = settings.disk_free_bytes_min
        remit.key_store = key_store_of(project)
        remit.schedule(
            verify_cron=settings.verify_cron,
            keep_cron=settings.keep_cron,
            zone=settings.zone or "UTC",
        )
        return remit
    except BaseException:
        keys.close()
        database.close()
        raise


def _several(project: Project, sessions: str) -> "Callable[[Remit, Callable[[], float]], Several]":
    """Return what makes a Remit take part in a deployment of several processes."""
    from remit.orchestration import several

    work = project.settings.work
    settings = several.SeveralSettings(
        url=database_url(project),
        sessions=sessions,
        release=version("remit"),
        runs_max=work.runs_max,
        polling_seconds=work.polling_seconds,
        frozen_seconds=work.frozen_seconds,
    )

    def begin(remit: Remit, elapsed: Callable[[], float]) -> "Several":
        return several.begin(
            settings,
            database=remit.database,
            read=remit.read,
            writer=remit.writer,
            lanes=remit.lane,
            workflows=lambda: tuple(remit.equipment),
            new_id=remit.new_id,
            now=remit.now,
            elapsed=elapsed,
            leads=lambda: remit.keeper.leads,
            stranded=lambda case_id: case_id in remit.runs.stranded,
        )

    return begin


def key_ring(
    project: Project,
    *,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> KeyRing:
    """Open a project's keys, or make them once.

    Raises `SettingsError` and `KeyUnavailableError`.
    """
    settings = project.settings
    folder = project.path(settings.keys)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    roots: KeyStore = (
        CommandKeyStore(settings.key_command)
        if settings.key_command
        else FileKeyStore(
            folder / KEY_FILE,
            random_bytes=random_bytes,
            passphrase=secret(settings.key_passphrase),
        )
    )
    rows = key_rows(folder, url=database_url(project))
    return KeyRing.open(folder, random_bytes=random_bytes, now=now, roots=roots, rows=rows)


def key_store_of(project: Project) -> str:
    """Say where a project's root keys are; shows no secret."""
    settings = project.settings
    if settings.key_command:
        return f"a program keeps them (`{Path(settings.key_command[0]).name}`)"
    sealed = " under a passphrase" if settings.key_passphrase else " that only its mode protects"
    return f"the file `{settings.keys}/{KEY_FILE}`{sealed}"


def existing_keys(project: Project) -> KeyRing | None:
    """Open the keys that a project has, or return None where nothing was made yet."""
    settings = project.settings
    made = KEY_ROWS if settings.key_command else KEY_FILE
    there = (project.path(settings.keys) / made).exists()
    on_server = bool(settings.key_command) and not settings.database.startswith("sqlite:")
    return key_ring(project) if there or on_server else None


def anchors_of(
    project: Project, database: Database, keys: KeyRing, *, now: Callable[[], datetime]
) -> Anchors:
    """Return the sinks of the settings, the file on this host first; asks none of them."""
    settings = project.settings.ledger
    own = anchor_path(project, keys)
    sinks: list[Sink] = [FileSink(own, clock=now)]
    for one in settings.anchors:
        if isinstance(one, FileAnchor):
            path = project.path(one.path)
            sinks.append(FileSink(path, clock=now, operator=one.operator))
        elif isinstance(one, DirectoryAnchor):
            path = project.path(one.path)
            sinks.append(DirectorySink(path, clock=now, operator=one.operator))
        elif isinstance(one, GitAnchor):
            remote = one.remote
            if (project.folder / remote).exists():
                remote = str(project.path(remote))
            name = sha256(f"{remote} {one.branch}".encode()).hexdigest()[:16]
            copy = own.with_name(f"{own.name}.{name}.git")
            sinks.append(
                GitSink(remote, copy, clock=now, operator=one.operator, branch=one.branch)
            )
        elif isinstance(one, WitnessAnchor):
            sinks.append(WitnessSink(one.url, key=one.key, operator=one.operator))
        else:
            roots = project.path(one.roots)
            sinks.append(TimestampSink(one.url, roots=roots, operator=one.operator))
    return Anchors(
        database,
        lambda: vkey_of(project, database, keys),
        sinks,
        kept=own.with_name(f"{own.name}.receipts"),
        clock=now,
        rules=AnchorRules(
            interval_seconds=settings.anchor_interval_seconds,
            entries_max=settings.anchor_entries_max,
            alarm_seconds=settings.anchor_alarm_seconds,
            operators_min=settings.witness_operators_min,
        ),
    )


def vkey_of(project: Project, database: Database, keys: KeyRing) -> str:
    """Return the public keys of the ledger's checkpoints, the one that verifies now first."""
    origin = current_origin(database, project.settings.origin)
    remote = remote_signer(project)
    return database.read(lambda c: signing.signer(c, keys, origin=origin, remote=remote)).vkeys


def remote_signer(project: Project) -> RemoteSigner | None:
    """Return the signer of the settings, not spoken to yet; raises `SettingsError`."""
    settings = project.settings.ledger
    if settings.signer is None and settings.signer_key is None:
        return None
    if settings.signer is None or settings.signer_key is None:
        raise SettingsError("`ledger.signer` and `ledger.signer_key` are set together, or neither")
    return RemoteSigner(settings.signer, settings.signer_key)


def anchor_path(project: Project, keys: KeyRing) -> Path:
    """Return the anchor file: outside the data folder unless the settings say where."""
    if project.settings.anchor is not None:
        return project.path(project.settings.anchor)
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "remit" / f"{keys.id}.anchor"
