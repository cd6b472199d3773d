"""What a run leaves to a person, and what it has settled of that: entries of tasks."""

from remit.domain.task import OF_EFFECTS, TaskKind, task_id
from remit.domain.task_event import TaskClosed, TaskOpened
from remit.orchestration.run import Run


def leave(
    run: Run,
    kind: TaskKind,
    *parts: str,
    code: str,
    action_id: str = "",
    path: str | None = None,
    owner: str = "",
) -> None:
    """Leave something to a person, once; the owner of the workflow where nobody else is named."""
    task = task_id(kind, *(parts or (action_id,)))
    if task not in run.history.tasks:
        run.note(
            TaskOpened(
                task_id=task, kind=kind.value, owner=owner or run.equipment.owner, code=code[:200],
                action_id=action_id,
            ),
            path=path,
        )  # fmt: skip


def settled(run: Run, action_id: str, how: str, *, path: str | None = None) -> None:
    """Close what is open of an effect of which all is known now."""
    of_effect = {task_id(kind, action_id) for kind in OF_EFFECTS}
    for task in [one for one in run.history.tasks if one in of_effect]:
        run.note(TaskClosed(task_id=task, how=how), path=path)


def mended(run: Run, action_id: str, *, path: str | None = None) -> None:
    """Close what was left of a proposal of which the gate could not tell, and now can."""
    task = task_id(TaskKind.FAULT, action_id)
    if task in run.history.tasks:
        run.note(TaskClosed(task_id=task, how="mended"), path=path)
