"""`remit normalise`: what a file's values are read as, or why they are set aside."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from remit.authoring import rows
from remit.cli import terminal
from remit.cli.options import FILE, Options, home
from remit.cli.readings import SHOWN_MAX, Reading, Sum, as_record, picture
from remit.errors import InputFileError, UnknownWorkflowError
from remit.intake import letters, mail, mailboxes
from remit.intake.columns import PROVING, proven_by_column
from remit.intake.fields import FieldSpec, Typed, private_of
from remit.intake.letters import Letter
from remit.intake.mailboxes import RawMail
from remit.intake.normalise import NORMALISERS, NormaliseContext, normalise_case
from remit.intake.outcome import Kind
from remit.intake.reasons import sentence
from remit.intake.values import read_record

if TYPE_CHECKING:
    from remit.settings import Project

SET_ASIDE = 1
ROWS_MAX = 1_000_000
BYTES_MAX = 32 * 1024 * 1024
KINDS = sorted(kind.value for kind in NORMALISERS)


@click.command(
    epilog="Example: `remit normalise cases.csv --workflow refund-desk`, or `remit normalise "
    "amounts.txt --kind money --country DE`"
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--workflow", help="Read each row as a case of this workflow.")
@click.option(
    "--kind", type=click.Choice(KINDS), help="Read each line, or `--column`, as one kind."
)
@click.option("--column", help="The column or key that holds the values of `--kind`.")
@click.option(
    "--set",
    "constants",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Fill a field with the same value in every row, as `remit run` does; may be repeated.",
)
@click.option("--country", help="The senders' country, two letters.")
@click.option("--locale", help="Their language and country, as `de_DE`; else that of the project.")
@click.option("--zone", help="Their time zone, as `Europe/Berlin`; else that of the project.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="KIND=FORMAT",
    help="A declared format, as `date=day_first`, `amount=comma_decimal`, `currency=EUR`; may be "
    "repeated.",
)
@click.option("--all", "whole", is_flag=True, help="Show every row, not the first 20.")
@click.option("--private", is_flag=True, help="Show private values too, instead of their kind.")
@click.option("--json", "as_json", is_flag=True, help="Print every row and the sums as JSON.")
@click.pass_context
def normalise(  # noqa: PLR0913 - click hands over every option
    ctx: click.Context,
    file: Path,
    *,
    workflow: str | None,
    kind: str | None,
    column: str | None,
    constants: tuple[str, ...],
    country: str | None,
    locale: str | None,
    zone: str | None,
    formats: tuple[str, ...],
    whole: bool,
    private: bool,
    as_json: bool,
) -> None:
    """Show what a file's values are read as, on which ground, or why they are set aside.

    The file is `.jsonl` or `.csv` (`.gz` too), `.json`, or mails (`.eml`, `.mbox`, a folder),
    read against the fields that a workflow's case declares; or, with `--kind`, lines of text or
    one column. A column of twenty
    values or more may settle how its own are meant. Nothing is stored, and no case is opened. Ends
    with 1 when a value was set aside.
    """
    if (workflow is None) == (kind is None):
        raise click.UsageError("give `--workflow` or `--kind`, one of them")
    options: Options = ctx.obj
    at_home = (home(options.folder) / FILE).is_file()
    project = options.project() if workflow is not None or at_home else None
    specs = _declared(project, workflow) if project and workflow else _of_kind(str(kind))
    known = NormaliseContext(
        received_at=datetime.now(UTC),
        country=country,
        locale=locale or (project.settings.locale if project else None),
        zone=zone or (project.settings.zone if project else None),
        formats=terminal.pairs(formats),
    )
    columns = _columns(specs, file, column, kind)
    given = terminal.pairs(constants)
    sums = Sum()
    shown: list[Reading] = []
    for number, (row, fault, letter) in enumerate(_rows(specs, file, column, kind), 1):
        case = None
        if row is not None:
            case = normalise_case(specs, {**row, **given}, known, columns=columns)
        if case is not None and letter is not None:
            case = letter.over(case)
        reading = Reading(row=number, case=case, fault=fault)
        sums.add(reading)
        if whole or as_json or len(shown) < SHOWN_MAX:
            shown.append(reading)
    hidden = {} if private else private_of(specs)
    if as_json:
        terminal.echo_json(as_record(shown, sums, columns, hidden))
    else:
        picture(shown, sums, columns, hidden)
    ctx.exit(SET_ASIDE if sums.set_aside else 0)


# -- what is read --------------------------------------------------------------------------------


def _declared(project: "Project", name: str) -> tuple[FieldSpec, ...]:
    from remit.assembly import load_module
    from remit.authoring.workflow import Workflow
    from remit.intake.fields import specs_of

    known = {one.settings.workflow.name: one for one in project.workflows if one.settings.workflow}
    if name not in known:
        raise UnknownWorkflowError(
            f"there is no workflow `{name}`; there are: {', '.join(sorted(known))}"
        )
    member = known[name]
    place = member.settings.workflow.module if member.settings.workflow else ""
    found = getattr(load_module(member.folder, place), place.partition(":")[2], None)
    if not isinstance(found, Workflow) or found.handler is None:
        raise UnknownWorkflowError(f"`{place}` is no workflow; `module` names one, as `desk:desk`")
    return specs_of(found.handler.case)


def _of_kind(kind: str) -> tuple[FieldSpec, ...]:
    marker = Typed(kind=Kind(kind), private=_PRIVATE.get(Kind(kind)))
    return (FieldSpec(name=kind, kind=marker.kind, required=True, marker=marker),)


_PRIVATE = {
    Kind.EMAIL: "EMAIL", Kind.PHONE: "PHONE", Kind.IBAN: "IBAN", Kind.CARD: "CARD",
    Kind.PERSON: "PERSON", Kind.ADDRESS: "ADDRESS", Kind.PRIVATE: "PRIVATE",
}  # fmt: skip

# A row, or why it is none; and what a mail says of its fields.
Row = tuple[Mapping[str, object] | None, str, Letter | None]


def _rows(
    specs: tuple[FieldSpec, ...], file: Path, column: str | None, kind: str | None
) -> Iterator[Row]:
    if mailboxes.is_mail(file) and (kind is None or column is not None or file.is_dir()):
        sources = {one.name: column or one.name for one in specs}
        yield from (_mail(one, sources) for one in mailboxes.read(file))
        return
    if kind is not None and column is None:
        yield from (({kind: line}, "", None) for line in _text(file).splitlines() if line.strip())
        return
    for row, fault in _objects(file):
        if row is None or kind is None or column is None:
            yield row, fault, None
        elif column not in row:
            yield None, f"there is no `{column}`", None
        else:
            yield {kind: row[column]}, "", None


def _mail(raw: RawMail, sources: Mapping[str, str]) -> Row:
    read = mail.read(raw.data, digest=lambda data: f"{len(data)}", cut=raw.cut)
    if read.fault is not None:
        return None, sentence(read.fault), None
    fields, beside = letters.letter(read, raw.data, sources=sources, constants={})
    return fields, "", beside


def _objects(file: Path) -> Iterator[tuple[Mapping[str, object] | None, str]]:
    if file.suffix != ".json":
        for one in rows.read(file):
            yield one.fields, one.fault or ""
        return
    found = read_record(_text(file))
    if found.reason is not None:
        raise InputFileError(f"`{file}` is not read: {found.reason.sentence}")
    made = found.value if isinstance(found.value, list) else [found.value]
    for value in made:
        yield (value, "") if isinstance(value, dict) else (None, "no JSON object")


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(BYTES_MAX + 1)
    except FileNotFoundError as error:
        raise InputFileError(f"there is no file `{file}`; check the path") from error
    if len(content) > BYTES_MAX:
        raise InputFileError(f"`{file}` is longer than {BYTES_MAX} bytes; cut it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputFileError(f"`{file}` is not UTF-8; convert it") from error


def _columns(
    specs: tuple[FieldSpec, ...], file: Path, column: str | None, kind: str | None
) -> dict[str, Mapping[str, str]]:
    """Return what each column of the file proves about its own values."""
    proving = [one for one in specs if one.kind in PROVING]
    seen: dict[str, list[object]] = {one.name: [] for one in proving}
    for number, (row, *_) in enumerate(_rows(specs, file, column, kind) if proving else ()):
        if number >= ROWS_MAX:
            break
        for one in proving:
            if row is not None and one.name in row:
                seen[one.name].append(row[one.name])
    found = {one.name: proven_by_column(one.kind, seen[one.name]) for one in proving}
    return {name: proven for name, proven in found.items() if proven}
