"""`remit.toml` as a whole, and the folder it stands in."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from remit.settings.directories import DirectorySettings
from remit.settings.ledger import LedgerSettings
from remit.settings.limits import LimitSettings
from remit.settings.people import PersonSettings, RoleSettings, SignInSettings
from remit.settings.services import RateSettings, ServiceSettings
from remit.settings.table import Table
from remit.settings.workflow import WorkflowSettings


class WorkSettings(Table):
    """How each worker of several works: `dispatch = "dbos"`."""

    runs_max: int = Field(default=256, ge=1, le=4_096)
    polling_seconds: float = Field(default=0.05, ge=0.005, le=60)  # between two looks at the queue
    frozen_seconds: float = Field(default=15.0, ge=3, le=3600)  # silent so long: taken over


class ChangeSettings(Table):
    """Who must agree to a change that allows more."""

    people: int = Field(default=2, ge=0, le=2)  # who did not write the rules; 0: nobody is asked


class Settings(Table):
    """`remit.toml` as a whole."""

    database: str = "sqlite:///.remit/remit.db"
    dispatch: Literal["in-process", "dbos"] = "in-process"  # dbos: any number of processes
    sessions_max: int = Field(default=16, ge=2, le=64)  # PostgreSQL, to write; half to read
    work: WorkSettings = WorkSettings()
    keys: str = ".remit-keys"  # beside the data: a backup of the data holds no key
    key_passphrase: str | None = None  # a reference; the root keys are sealed under it
    key_command: list[str] = []  # a program that keeps the root keys instead of a file
    root_key_rotation_days: int = Field(default=30, ge=1, le=3650)
    root_key_destroy_after_days: int = Field(default=30, ge=0, le=3650)
    trained: str = ".remit/trained"  # where trained classifiers are kept, by content
    encoder: str | None = None  # a folder with a sentence encoder, for the classifiers
    anchor: str | None = None  # the anchor file on this host, outside the data
    origin: str = "remit.local/ledger/1"
    replay_check_share: float = Field(default=0.01, ge=0, le=1)  # of closed cases
    locale: str | None = None
    zone: str | None = None
    verify_cron: str = "30 2 * * *"  # when the whole ledger is verified; empty for never
    keep_cron: str = "30 3 * * *"  # epochs end, content past `payload_days` goes; empty: never
    host: str = "127.0.0.1"
    port: int = Field(default=8484, ge=0, le=65_535)
    ledger: LedgerSettings = LedgerSettings()
    recognisers: list[str] = []  # of values in free text, beside our patterns: `names`, plug-ins
    public: list[str] = []  # values of your own that stay clear: the shop's address and number
    disk_free_bytes_min: int = Field(default=1024**3, ge=0)  # with less, nothing is taken in
    people: dict[str, PersonSettings] = {}
    roles: dict[str, RoleSettings] = {}
    sign_in: SignInSettings = SignInSettings()
    services: ServiceSettings = ServiceSettings()
    rates: RateSettings = RateSettings()
    changes: ChangeSettings = ChangeSettings()
    directories: dict[str, DirectorySettings] = {}
    limits: list[LimitSettings] = []
    workflows: list[str] = []  # folders that hold a `remit.toml` with a `[workflow]`
    workflow: WorkflowSettings | None = None


class Project(Table):
    """Settings with the folder that they stand in."""

    folder: Path
    settings: Settings
    members: tuple["Project", ...] = ()
    above: list[LimitSettings] = []  # limits of the file that lists this folder

    @property
    def workflows(self) -> tuple["Project", ...]:
        """The folders that hold a workflow, this one first if it does."""
        own = (self,) if self.settings.workflow is not None else ()
        return (*own, *self.members)

    @property
    def people(self) -> dict[str, PersonSettings]:
        """Everybody, by handle; the outer file wins."""
        found: dict[str, PersonSettings] = {}
        for member in reversed(self.workflows):
            found |= member.settings.people
        return found | self.settings.people

    @property
    def directories(self) -> dict[str, tuple[Path, DirectorySettings]]:
        """Closed lists with the folders they are declared in; the outer file wins."""
        found: dict[str, tuple[Path, DirectorySettings]] = {}
        for member in reversed((self, *self.members)):
            for name, one in member.settings.directories.items():
                found[name] = (member.folder, one)
        return found

    @property
    def roles(self) -> dict[str, RoleSettings]:
        """How far each role with a table reaches; the outer file wins."""
        found: dict[str, RoleSettings] = {}
        for member in reversed(self.workflows):
            found |= member.settings.roles
        return found | self.settings.roles

    @property
    def limits(self) -> list[dict[str, object]]:
        """The limits that cover the workflow of this folder, those of the outer file first."""
        return [one.model_dump() for one in (*self.above, *self.settings.limits)]

    def listed(self, name: Literal["recognisers", "public"]) -> list[str]:
        """Return what any of the files lists: one process masks for all of them."""
        return [value for one in (self, *self.members) for value in getattr(one.settings, name)]

    def path(self, relative: str) -> Path:
        """Return a path of the settings, taken from their folder."""
        return (self.folder / relative).resolve()
