"""`remit check`: everything that an author wrote, read and judged without running a case."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from remit.cli.examination import Examination, Finding
from remit.cli.open_cases import open_cases
from remit.cli.options import Options
from remit.errors import UnknownWorkflowError
from remit.settings import Project

WRONG = 2
DIVERGES = 1


@click.command(epilog="Example: `remit check`, or `remit check refund-desk --strict`")
@click.argument("workflow", required=False)
@click.option("--strict", is_flag=True, help="Let a warning count as an error.")
@click.option(
    "--open-cases", "replayed", is_flag=True, help="Replay all open cases under this code too."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def check(
    ctx: click.Context, workflow: str | None, *, strict: bool, replayed: bool, as_json: bool
) -> None:
    """Check everything that you wrote, without running a case.

    Settings, code and its declared sources, prompts with their examples, policies with theirs,
    knowledge, labelled files, scripts, connectors' documents, owners and references. The handler's
    code is read for what a case cannot be run again with: clocks, chance, network, foreign awaits,
    swallowed errors. What nobody wrote down is told as a note: which parameters take a field of
    the case, which sources point at fields that a third party can write, which lists a tool fills.
    No secret is needed and nothing is sent. Ends with 2 when there is an error,
    and lists all of them.

    With `--open-cases`, before a deployment: every open case is replayed under the code as it lies
    here, with all doors shut, also beside a running `remit serve`. Lists the cases that it would
    not run, and the markers of `run.changed` that no open case needs any more. Ends with 1 when a
    case would not run.
    """
    options: Options = ctx.obj
    project = options.project()
    members = _members(project, workflow)
    found: list[Finding] = []
    for member, name in members:
        settings = member.settings.workflow
        if settings is None:
            continue
        looked = Examination(
            project=member, settings=settings, people=project.people,
            directories=project.directories,
        ).whole()  # fmt: skip
        found += looked
        if not as_json and all(one.level == "note" for one in looked):
            click.echo(f"{name}: in order")
    errors = sum(one.level == "error" for one in found)
    warnings = sum(one.level == "warning" for one in found)
    tried = open_cases(project, [name for _, name in members]) if replayed and not errors else None
    if as_json:
        said = [asdict(one) for one in found]
        shown = said if tried is None else {"findings": said, "open_cases": asdict(tried)}
        click.echo(json.dumps(shown, ensure_ascii=False))
    else:
        for one in found:
            click.echo(f"{_place(one)}: {one.code} {one.level} {one.message}")
        click.echo(
            f"{len(members)} workflow{'s' * (len(members) != 1)}, {errors} "
            f"error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}"
        )
        for line in () if tried is None else tried.lines:
            click.echo(line)
    if errors or (strict and warnings):
        ctx.exit(WRONG)
    if tried is not None and tried.troubles:
        ctx.exit(DIVERGES)


def _members(project: Project, workflow: str | None) -> list[tuple[Project, str]]:
    known = {
        one.settings.workflow.name: one
        for one in project.workflows
        if one.settings.workflow is not None
    }
    if workflow is None:
        return [(one, name) for name, one in known.items()]
    if workflow not in known:
        raise UnknownWorkflowError(
            f"there is no workflow `{workflow}`; there are: {', '.join(sorted(known))}"
        )
    return [(known[workflow], workflow)]


def _place(finding: Finding) -> str:
    """Return path and line, the path from here if it lies below."""
    path = Path(finding.path)
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return f"{path}:{finding.line}" if finding.line else str(path)
