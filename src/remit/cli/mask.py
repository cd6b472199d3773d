"""`remit mask`: try out what would be masked in a file, and see why."""

import json
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from remit.cli import terminal
from remit.cli.options import Options, home
from remit.domain.value import Json
from remit.errors import InputFileError
from remit.intake.explain import Explained, How, explain
from remit.intake.mask import Masker, open_scope
from remit.intake.plugins import PLUGINS
from remit.intake.public_values import PUBLIC
from remit.settings import FILE

BYTES_MAX = 32 * 1024 * 1024
KEY_BYTES = 32  # of a scope that ends with the command
LINES_SHOWN_MAX = 200
RECORDS = {".json", ".jsonl", ".ndjson"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One masked place, for people and as JSON."""

    where: str  # line and column, or the record and the path to the leaf
    token: str
    type: str
    how: How
    label: str
    score: float | None
    context: str | None
    written: str | None = None  # the value, where somebody asked to see it


@click.command()
@click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True)
)
@click.option(
    "--records",
    is_flag=True,
    help="Read it as JSON, whole or a line each; as a file that ends in .json or .jsonl is.",
)
@click.option("--region", multiple=True, help="Read phone numbers of this country too, as `DE`.")
@click.option("--values", is_flag=True, help="Show what was found, too: it is your file.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def mask(
    ctx: click.Context,
    *,
    file: Path,
    records: bool,
    region: tuple[str, ...],
    values: bool,
    as_json: bool,
) -> None:
    """Show a text with every value that must not be seen as a token, and say why each is one.

    FILE is a text, or JSON; `-` is standard input. Nothing is stored and nothing is sent: the
    tokens are of a scope that ends with this command, so the next run draws others. In a project,
    what its `recognisers` switch on is used too, and its `public` values stay clear.

    Exit codes: 0 whether or not anything was found; 2 where the file cannot be read.

    Example: `remit mask message.txt`
    """
    with click.open_file(file, "rb") as opened:
        raw = opened.read(BYTES_MAX + 1)
    if len(raw) > BYTES_MAX:
        raise InputFileError(f"`{file}` is larger than {BYTES_MAX // 1024**2} MB; split it")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputFileError(f"`{file}` is no UTF-8: byte {error.start}") from None
    options = ctx.ensure_object(Options)
    if (home(options.folder) / FILE).is_file():
        project = options.project()
        PLUGINS.use(project.listed("recognisers"))
        PUBLIC.say(public=project.listed("public"), locale=project.settings.locale)
    regions = tuple(one.upper() for one in region) or PUBLIC.regions
    shown: str | list[Json]
    if records or file.suffix in RECORDS:
        shown, found = _records(text, str(file), regions, values=values)
    else:
        shown, found = _text(text, regions, values=values)
    if as_json:
        terminal.echo_json({"masked": shown, "found": found})
        return
    for line in _picture(shown, found):
        click.echo(line)
    ctx.exit(0)


def _masker(regions: tuple[str, ...]) -> Masker:
    scope = "a trial"
    made, _ = open_scope(
        scope,
        root_key=secrets.token_bytes(KEY_BYTES),
        check_key=secrets.token_bytes(KEY_BYTES),
        rows=[],
        random_bytes=secrets.token_bytes,
        regions=regions,
    )
    return made


def _text(text: str, regions: tuple[str, ...], *, values: bool) -> tuple[str, list[Found]]:
    masked = _masker(regions).mask_text(text)
    found = [
        _found(one, _line(text, one.start), text, values=values)
        for one in explain(text, masked, regions=regions)
    ]
    return masked.text, found


def _records(
    text: str, name: str, regions: tuple[str, ...], *, values: bool
) -> tuple[list[Json], list[Found]]:
    """Mask each record in a scope of its own, as each would be a case of its own."""
    shown: list[Json] = []
    found: list[Found] = []
    for number, record in enumerate(_read(text, name), 1):
        masker = _masker(regions)
        shown.append(masker.mask_json(record))
        for path, label, leaf in _leaves(record, "", ""):
            masked = masker.mask_text(leaf, label=label)
            found += [
                _found(one, f"{number}: {path}", leaf, values=values)
                for one in explain(leaf, masked, label=label, regions=regions)
            ]
    return shown, found


def _read(text: str, name: str) -> list[Json]:
    try:
        whole = json.loads(text)
        return whole if isinstance(whole, list) else [whole]
    except (json.JSONDecodeError, RecursionError):
        pass
    rows: list[Json] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except (json.JSONDecodeError, RecursionError):
            raise InputFileError(f"`{name}`, line {number}: this is no JSON") from None
    return rows


def _leaves(value: Json, path: str, label: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}".lstrip("."), key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}.{number}".lstrip("."), label)
    elif isinstance(value, str):
        yield path, label, value


def _found(one: Explained, where: str, text: str, *, values: bool) -> Found:
    return Found(
        where=where,
        token=one.token,
        type=one.type,
        how=one.how,
        label=one.label,
        score=one.score,
        context=one.context,
        written=text[one.start : one.end] if values else None,
    )


def _line(text: str, place: int) -> str:
    begin = text.rfind("\n", 0, place) + 1
    return f"{text.count(chr(10), 0, place) + 1}:{place - begin + 1}"


# -- the picture ---------------------------------------------------------------------------------


def _picture(shown: str | list[Json], found: list[Found]) -> Iterator[str]:
    body = shown if isinstance(shown, str) else "\n".join(json.dumps(one) for one in shown)
    lines = body.splitlines()
    for line in lines[:LINES_SHOWN_MAX]:
        yield _coloured(terminal.safe(line), found)
    if len(lines) > LINES_SHOWN_MAX:
        yield f"… {len(lines) - LINES_SHOWN_MAX:,} more lines; `--json` has them all"
    yield ""
    if not found:
        yield "nothing was found that must not be seen"
        return
    first = max(len(one.where) for one in found)
    second = max(len(one.token) for one in found)
    for one in found[:LINES_SHOWN_MAX]:
        token = click.style(f"{one.token:<{second}}", fg="cyan")
        yield f"{terminal.safe(one.where):<{first}}  {token}  {_why(one)}"
    if len(found) > LINES_SHOWN_MAX:
        yield f"… {len(found) - LINES_SHOWN_MAX:,} more; `--json` has them all"
    yield ""
    kinds = Counter(one.type for one in found).most_common()
    yield f"{len(found)} found: " + ", ".join(f"{number} {kind}" for kind, number in kinds)


def _coloured(line: str, found: Iterable[Found]) -> str:
    for token in {one.token for one in found if one.token in line}:
        line = line.replace(token, click.style(token, fg="cyan"))
    return line


def _why(one: Found) -> str:
    match one.how:
        case How.PATTERN:
            said = f"reads as {one.label}, {one.score:.2f}"
        case How.KNOWN:
            said = "the same value stands elsewhere"
        case How.WRITTEN_AS_TOKEN:
            said = "looks like a token; what others write is none"
    if one.context is not None:
        said += f", beside a word of `{one.context}`"
    return f"{said}: {terminal.safe(one.written)}" if one.written is not None else said
