"""Where the demo runs: the examples of a checkout, and a fresh project of its own for each run."""

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import remit as package
from remit import settings
from remit.cli.options import home
from remit.errors import SettingsError
from remit.settings import Project

DESK = Path("examples/refund_desk")
SHOP = Path("examples/shop/shop.py")
WORKFLOW = "refund-desk"


def root_of(asked: Path) -> Path:
    """Return the source checkout that has the examples: this package's own, or the project's."""
    for root in (Path(package.__file__).parents[2], home(asked).resolve()):
        if (root / DESK / "messages.jsonl").is_file() and (root / SHOP).is_file():
            return root
    raise SettingsError(
        "the demo needs the folder `examples` of Remit's sources, which an installed package does "
        "not have: run it in a checkout, or start something of your own with `remit new NAME`"
    )


def fresh(root: Path) -> Path:
    """Make a fresh folder for this run, and a project in it that later commands can read."""
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    base = root / "var" / "demo"
    try:
        base.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{stamp}-", dir=base))
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix=f"remit-demo-{stamp}-"))
    desk, trained = (
        os.path.relpath(path, folder) for path in (root / DESK, root / "var" / "trained")
    )
    (folder / settings.FILE).write_text(
        f'# A run of `remit demo`: invented data.\ndatabase = "sqlite:///remit.db"\n'
        f'keys = "keys"\nanchor = "anchor"\ntrained = "{trained}"\nworkflows = ["{desk}"]\n',
        "utf-8",
    )
    return folder


def without_grace(project: Project) -> Project:
    """Return the project with no time to take a yes back: nobody is there to do so."""
    members = []
    for member in project.members:
        workflow = member.settings.workflow
        if workflow is not None:
            desk = workflow.desk.model_copy(update={"grace_seconds": 0})
            workflow = workflow.model_copy(update={"desk": desk})
        changed = member.settings.model_copy(update={"workflow": workflow})
        members.append(member.model_copy(update={"settings": changed}))
    return project.model_copy(update={"members": tuple(members)})


def grace_seconds(project: Project) -> int:
    """Return how long a yes can be taken back when this project is served."""
    return desk_of(project).desk.grace_seconds


def desk_of(project: Project) -> settings.WorkflowSettings:
    """Return the settings of the desk."""
    for member in project.workflows:
        if member.settings.workflow is not None and member.settings.workflow.name == WORKFLOW:
            return member.settings.workflow
    raise SettingsError(f"the examples hold no workflow `{WORKFLOW}`")


def shown(folder: Path) -> str:
    """Return a folder as one types it from here, if that is shorter."""
    try:
        return str(folder.relative_to(Path.cwd()))
    except ValueError:
        return str(folder)
