"""`remit train`: a local classifier from labelled rows, judged on rows it did not see."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from remit.assembly import encoder_of, kept, labelled, trained
from remit.authoring import rows
from remit.cli.display import training
from remit.cli.options import Options
from remit.errors import InputFileError, SettingsError, UnknownWorkflowError
from remit.intake.plugins import PLUGINS
from remit.models import classifier, examples
from remit.models.evaluation import Evaluation, evaluate
from remit.settings import ClassifierSettings, Project


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is to be trained: a labelled file, its columns, and whose it is."""

    name: str
    file: Path
    text: str
    label: str
    seed: int
    names: list[str]
    declared: bool  # the workflow's own file, with its own columns and seed


@click.command(
    epilog="Example: `remit train triage`, or with other rows: "
    "`remit train triage --input tickets.csv --text body --label team`"
)
@click.argument("workflow")
@click.option(
    "--classifier",
    "name",
    metavar="NAME",
    help="Which of the workflow's classifiers; needed where it has several.",
)
@click.option(
    "--input",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Other labelled rows than the workflow's own, `.jsonl` or `.csv`, `.gz` too.",
)
@click.option("--text", metavar="COLUMN", help="The column with the text.")
@click.option("--label", metavar="COLUMN", help="The column with the label.")
@click.option(
    "--seed", type=int, help="Another seed; the same seed and rows give the same result."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Save there as well as where the workflow looks.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def train(
    options: Options,
    workflow: str,
    *,
    name: str | None,
    file: Path | None,
    text: str | None,
    label: str | None,
    seed: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Train a local classifier and say how good it is.

    First it learns from four rows in five and is judged by the fifth, which it has not seen; then
    it learns from all rows, and that one is kept for `remit run`. Coverage at 2 % error is the
    share of messages, surest first, of which at most 2 in 100 are labelled wrongly.
    """  # fmt: skip
    project = options.project()
    PLUGINS.use(project.listed("recognisers"))
    member = _member(project, workflow)
    asked = _asked(member, name, file, text=text, label=label, seed=seed)
    _check_columns(asked)
    given = labelled(asked.file, text=asked.text, label=asked.label)
    examples.check(given, names=asked.names)
    parts = examples.split(given)
    encoder = encoder_of(project)
    how = {"seed": asked.seed, "names": asked.names, "encoder": encoder}
    learnt = classifier.train(parts.training, **how, progress=training)  # type: ignore[arg-type]
    judged = evaluate(learnt, parts)
    folder = project.path(project.settings.trained)
    place = {"text": asked.text, "label": asked.label, "folder": folder, **how}
    made = trained(asked.file, **place, progress=training)  # type: ignore[arg-type]  # as declared
    saved = [kept(asked.file, **place)]  # type: ignore[arg-type]  # as declared
    if out is not None:
        made.save(out)
        saved.append(out)
    if as_json:
        click.echo(
            json.dumps(
                asdict(judged)
                | {"fingerprint": made.fingerprint, "rows": len(given), "classifier": asked.name,
                   "judged_fingerprint": judged.fingerprint,
                   "saved": [str(one) for one in saved]}
            )
        )  # fmt: skip
        return
    for line in _lines(asked, judged, len(given), made.fingerprint, saved, workflow):
        click.echo(line)


def _member(project: Project, workflow: str) -> Project:
    known = {one.settings.workflow.name: one for one in project.workflows
             if one.settings.workflow is not None}  # fmt: skip
    if workflow not in known:
        raise UnknownWorkflowError(
            f"there is no workflow `{workflow}`; there are: {', '.join(sorted(known))}"
        )
    return known[workflow]


def _asked(
    member: Project,
    name: str | None,
    file: Path | None,
    *,
    text: str | None,
    label: str | None,
    seed: int | None,
) -> _Asked:
    settings = member.settings.workflow
    declared = {} if settings is None else settings.classifiers
    if name is None and len(declared) > 1:
        raise SettingsError(
            f"there are several classifiers, {', '.join(f'`{one}`' for one in declared)}; "
            "choose one with `--classifier NAME`"
        )
    chosen = name or next(iter(declared), "intent")
    if chosen not in declared and file is None:
        raise SettingsError(
            f"`remit.toml` sets up no classifier `{chosen}`; add "
            f"`[workflow.classifiers.{chosen}]` "
            'with `train = "FILE"`, or give rows with `--input FILE`'
        )
    own = declared.get(chosen, ClassifierSettings(train=""))
    return _Asked(
        name=chosen,
        file=file if file is not None else member.path(own.train),
        text=text or own.text,
        label=label or own.label,
        seed=own.seed if seed is None else seed,
        names=own.names if file is None else [],
        declared=chosen in declared
        and (file is None or file.resolve() == member.path(own.train))
        and (text or own.text, label or own.label) == (own.text, own.label)
        and seed in (None, own.seed),
    )


def _check_columns(asked: _Asked) -> None:
    """Refuse a file without the two columns, naming those that it has."""
    first = next((row.fields for row in rows.read(asked.file) if row.fields is not None), None)
    if first is None:
        raise InputFileError(f"`{asked.file}` holds no row that can be read")
    for option, column in (("--text", asked.text), ("--label", asked.label)):
        if column not in first:
            there = ", ".join(f"`{one}`" for one in first)
            raise InputFileError(
                f"`{asked.file}` has no column `{column}`; write `{option} COLUMN` "
                f"with one of: {there}"
            )


def _lines(
    asked: _Asked, judged: Evaluation, total: int, fingerprint: str, saved: list[Path],
    workflow: str,
) -> list[str]:  # fmt: skip
    found = [
        f"classifier   {asked.name} of {workflow}, from {asked.file}",
        f"rows         {total:,}",
        f"learnt from  {judged.training:,} rows, to be judged",
        f"held out     {judged.held_out:,} rows, which judge",
    ]
    if not judged.held_out:
        found.append("judgement    none: too few rows to hold any out; add labelled rows")
    else:
        found += [
            f"accuracy     {judged.accuracy:.1%}"
            + (f"  ({judged.unscored:,} had no confidence)" if judged.unscored else ""),
            *(
                f"coverage     {share:.1%} at {ppm / 10_000:g} % error"
                for ppm, share in judged.coverage
            ),
            "",
            "calibration on the held-out rows: what it claimed, and what was right",
            "  confidence     rows   claimed     right",
            *(
                f"  {row.low:.1f} to {row.high:.1f} {row.cases:>8,}  {row.confidence:>8.1%}  "
                f"{row.right:>8.1%}"
                for row in judged.calibration
                if row.cases
            ),
            f"  expected calibration error {judged.calibration_error:.3f}",
            "",
        ]
    found += [
        f"fingerprint  {fingerprint} (learnt from all {total:,} rows)",
        *(f"saved        {one}" for one in saved),
    ]
    if not asked.declared:
        found.append(
            f"`remit run {workflow}` still uses its own rows; to use these, name them in "
            f"`[workflow.classifiers.{asked.name}]`"
        )
    return found
