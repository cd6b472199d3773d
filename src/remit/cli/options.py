"""What every command may be told: which project, and whether to show tracebacks."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from remit.settings import Project

FILE = "remit.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options that stand before the command; `click.pass_obj` hands them over."""

    folder: Path = Path()
    debug: bool = False

    def project(self) -> "Project":
        """Read the project: of the folder, or of the nearest one above that has a `remit.toml`.

        Raises `SettingsError`.
        """
        from remit import settings

        return settings.read(home(self.folder))


def home(folder: Path) -> Path:
    """Return the nearest folder, upwards, that has a `remit.toml`; the folder itself if none."""
    here = folder.resolve()
    return next((one for one in (here, *here.parents) if (one / FILE).is_file()), folder)
