"""Open a project: read what its settings name, put it together, hand over a Remit."""

import os
import random as randomness
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from remit.app import Remit
from remit.assembly import assemble
from remit.ledger.randomness import RandomPages
from remit.ledger.seal import KeyRing
from remit.models.choice import Progress
from remit.settings import Project
from remit.store import passages, projections
from remit.store.database import open_database

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
    folder = project.path(settings.keys)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = KeyRing.open(folder, random_bytes=random_bytes)
    database = open_database(
        database_url(project),
        schema=SCHEMA,
        read_only=read_only,
        owner=owner,
        durability_check=durability_check,
        clock=now,
    )
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
        )
    except BaseException:
        database.close()
        raise


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
