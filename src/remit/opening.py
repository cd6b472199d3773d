"""Open a project: read what its settings name, put it together, hand over a Remit."""

import os
import random as randomness
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from remit.app import Remit
from remit.assembly import assemble
from remit.ledger.keys import KeyRing
from remit.ledger.keystore import KEY_FILE, CommandKeyStore, FileKeyStore, KeyStore
from remit.ledger.randomness import RandomPages
from remit.ledger.rotation import Epochs
from remit.models.choice import Progress
from remit.settings import Project, secret
from remit.store import passages, projections
from remit.store.database import open_database
from remit.store.keys import KEY_ROWS, key_rows

# The tables beside the ledger's own.
SCHEMA = (*projections.SCHEMA, *passages.SCHEMA)


def open_remit(
    project: Project,
    *,
    owner: str = "remit",
    read_only: bool = False,
    progress: Progress | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    durability_check: bool = True,
    runs_max: int = 64,
) -> Remit:
    """Open a project's database and put its workflows together.

    Raises the errors of `remit.errors` that name what is wrong with settings, files or database.
    """
    settings = project.settings
    random_bytes = RandomPages(random_bytes)
    generator = randomness.SystemRandom()
    assembled = {}
    for member in project.workflows:
        one = assemble(
            member,
            people=project.people,
            models_folder=project.path(settings.trained),
            random=generator.random,
            progress=progress,
        )
        assembled[one.workflow.name] = one
    database = open_database(
        database_url(project),
        schema=SCHEMA,
        read_only=read_only,
        owner=owner,
        durability_check=durability_check,
        clock=now,
    )
    try:
        keys = key_ring(project, random_bytes=random_bytes, now=now)
    except BaseException:
        database.close()
        raise
    try:
        return Remit(
            database=database,
            keys=keys,
            origin=settings.origin,
            anchor_path=anchor_path(project, keys),
            assembled=assembled,
            people=project.people,
            now=now,
            random_bytes=random_bytes,
            locale=settings.locale,
            zone=settings.zone,
            runs_max=runs_max,
            epochs=Epochs(
                rotation_days=settings.root_key_rotation_days,
                destroy_after_days=settings.root_key_destroy_after_days,
            ),
        )
    except BaseException:
        keys.close()
        database.close()
        raise


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


def existing_keys(project: Project) -> KeyRing | None:
    """Open the keys that a project has, or return None where nothing was made yet."""
    settings = project.settings
    made = KEY_ROWS if settings.key_command else KEY_FILE
    there = (project.path(settings.keys) / made).exists()
    on_server = bool(settings.key_command) and not settings.database.startswith("sqlite:")
    return key_ring(project) if there or on_server else None


def database_url(project: Project) -> str:
    """Return the database's address, with a relative file taken from the project's folder."""
    url = project.settings.database
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        path = project.path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{path}"
    return url


def anchor_path(project: Project, keys: KeyRing) -> Path:
    """Return the anchor file: outside the data folder unless the settings say where."""
    if project.settings.anchor is not None:
        return project.path(project.settings.anchor)
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "remit" / f"{keys.id}.anchor"
