"""Closed lists that settings declare, read and held against the sources that cite them."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from remit.authoring.workflow import Workflow
from remit.domain.action import DirectorySource, ParamSpec, Risk, alternatives
from remit.domain.directory import Directories, Directory
from remit.domain.value import Json
from remit.errors import SettingsError

BYTES_MAX = 16 * 1024 * 1024
MEMBERS_MAX = 100_000
MEMBER_CHARACTERS_MAX = 500


class Declared(Protocol):
    """What settings say of one list."""

    @property
    def owner(self) -> str: ...
    @property
    def values(self) -> list[str]: ...
    @property
    def file(self) -> str | None: ...
    @property
    def from_tool(self) -> str | None: ...


def load(
    declared: Mapping[str, tuple[Path, Declared]],
    workflow: Workflow,
    *,
    people: Collection[str],
) -> Directories:
    """Return the lists that a workflow cites, with their members; each is read in its folder.

    Raises `SettingsError` for a list that is not declared, has nobody or no members, or is fed by
    a tool where more than risk low is at stake.
    """
    found: dict[str, Directory] = {}
    for owner, risk, param, source in cited(workflow):
        name = source.name
        if name not in declared:
            raise SettingsError(
                f"`{owner}.{param.name}` comes from the directory `{name}`, which is not "
                f"declared; add `[directories.{name}]`"
            )
        if name not in found:
            found[name] = _directory(name, *declared[name], workflow, people)
        if param.type not in {"text", "list"} or param.private is not None:
            raise SettingsError(
                f"`{owner}.{param.name}` is {param.private or param.type}, which no directory "
                "holds; members are words in the clear"
            )
        if found[name].tool and risk is not Risk.LOW:
            raise SettingsError(
                f"`{owner}.{param.name}` comes from the directory `{name}`, which a tool fills; "
                "only an action of risk low may take its values from there"
            )
    return found


def cited(
    workflow: Workflow,
) -> Iterator[tuple[str, Risk | None, ParamSpec, DirectorySource]]:
    """Yield each parameter that cites a list, with the risk of its action."""
    owners: list[tuple[str, Risk | None, tuple[ParamSpec, ...]]] = [
        (name, None, tool.spec.params) for name, tool in workflow.tools.items()
    ]
    owners += [
        (name, action.spec.risk, action.spec.params) for name, action in workflow.actions.items()
    ]
    for owner, risk, params in owners:
        for param in params:
            for source in alternatives(param.source):
                if isinstance(source, DirectorySource):
                    yield owner, risk, param, source


def seen(directories: Directories) -> dict[str, Json]:
    """Return what of the lists belongs to the fingerprint of a workflow's behaviour."""
    return {
        name: [one.owner, one.tool, one.path, *sorted(one.members)]
        for name, one in sorted(directories.items())
    }


def _directory(
    name: str, folder: Path, said: Declared, workflow: Workflow, people: Collection[str]
) -> Directory:
    where = f"`[directories.{name}]`"
    if said.owner not in people:
        raise SettingsError(
            f"the owner of {where} is `{said.owner}`, who is nobody; add `[people.{said.owner}]`"
        )
    if sum(map(bool, (said.values, said.file, said.from_tool))) != 1:
        raise SettingsError(f"{where} says `values`, `file` or `from_tool`: exactly one of them")
    if said.from_tool:
        tool, _, path = said.from_tool.partition(".")
        known = workflow.tools.get(tool)
        if known is None or known.spec.field(path) is None:
            raise SettingsError(
                f"{where} is filled by `{said.from_tool}`, which is no field of a tool"
            )
        return Directory(name=name, owner=said.owner, tool=tool, path=path)
    members = said.values or _lines(folder, str(said.file), where)
    if any(not one.strip() or len(one) > MEMBER_CHARACTERS_MAX for one in members):
        raise SettingsError(
            f"{where} has an empty member, or one above {MEMBER_CHARACTERS_MAX} characters"
        )
    return Directory(name=name, owner=said.owner, members=frozenset(members))


def _lines(folder: Path, file: str, where: str) -> list[str]:
    path = folder / file
    try:
        data = path.read_bytes()
        lines = [line.strip() for line in data.decode("utf-8").splitlines()]
    except OSError as error:
        raise SettingsError(f"{where} names `{file}`, which cannot be read") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{where} names `{file}`, which is not UTF-8") from error
    found = [line for line in lines if line and not line.startswith("#")]
    if len(data) > BYTES_MAX or len(found) > MEMBERS_MAX:
        raise SettingsError(f"{where} names `{file}`, which is too long for a closed list")
    if not found:
        raise SettingsError(f"{where} names `{file}`, which has no member")
    return found
