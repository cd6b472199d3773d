"""Reading again what an effect rests on: the world must still be as it was when it was weighed."""

from collections.abc import Iterable

from remit.authoring.declared import DeclaredAction
from remit.domain.clock import microseconds
from remit.domain.entry import Entry
from remit.domain.value import Json
from remit.errors import StepRefused
from remit.orchestration import provenance
from remit.orchestration.acted_on import record_name
from remit.orchestration.guarded import Guard
from remit.orchestration.proposed import canonical_values
from remit.orchestration.run import Escalated, Run
from remit.orchestration.steps import Steps
from remit.policy import sources

FACT_AGE_SECONDS_MAX = 60
READ_AGAIN_MAX = 8  # records that one effect rests on

Read = tuple[Entry, Json, Json]  # entry, arguments, result


async def look_again(
    run: Run, steps: Steps, declared: DeclaredAction, arguments: dict[str, Json], *, path: str,
    however_fresh: bool,
) -> None:  # fmt: skip
    """Read records again that an effect rests on: those older than a minute, or all of them."""
    limit_us = microseconds(run.now()) - FACT_AGE_SECONDS_MAX * 1_000_000
    weighed: list[Read] = Guard().fact(  # the gate tells it anew, and answers for it
        "weighed", lambda: _weighed(run, declared, arguments), unknown=[]
    )
    for read in weighed:
        if however_fresh or read[0].at_us < limit_us:
            await once_more(run, steps, read, path=path)


async def once_more(run: Run, steps: Steps, read: Read, *, path: str) -> Json:
    """Read one record again; it is recorded only where the world has changed.

    Raises `Escalated` where the other system says no: the author's code asked for no read here,
    and would not meet that refusal again on replay.
    """
    entry, given, result = read
    if not isinstance(given, dict):
        return result
    again = sum(1 for one in run.history.reads if ".r" in (one[0].path or "")) + 1
    try:
        fresh = await steps.read(
            run, str(entry.body["name"]), given, path=f"{path}.r{again}",
            arguments=str(entry.body["arguments"]),
        )  # fmt: skip
    except StepRefused as error:  # no answer to a call of the code, which made none
        said = "a record that it rests on cannot be read again; nothing was performed"
        raise Escalated(error.code, said) from error
    if fresh == run.masker.mask_json(result, trusted_tokens=True):
        # Nothing to record: the world is as it was shown, whatever became known since.
        run.drafts.pop()
        run.history.reads.pop()
    return fresh


def acted_upon(run: Run, declared: DeclaredAction, arguments: dict[str, Json]) -> Read | None:
    """Return the newest read of the record that an action changes."""
    tool = declared.spec.on
    named = None if tool is None else run.equipment.workflow.tools.get(tool)
    if tool is None or named is None:
        return None
    record = record_name(run, declared.spec, arguments)
    return _newest(
        read
        for read in run.history.reads
        if read[0].body["name"] == tool and provenance.record_of(named.spec, read[2]) == record
    )


def _weighed(run: Run, declared: DeclaredAction, arguments: dict[str, Json]) -> list[Read]:
    """Return the reads that prove an argument, and the newest of the record acted upon."""
    found: dict[tuple[str, str], Read] = {}
    on = acted_upon(run, declared, arguments)
    if on is not None:
        found[_what(on)] = on
    values = canonical_values(declared.spec, arguments)
    proofs = sources.prove(declared.spec, values, provenance.witnesses(run))
    proving = {proof.seq for proof in proofs}
    for read in run.history.reads:
        if read[0].seq in proving:
            found[_what(read)] = read
    return list(found.values())[:READ_AGAIN_MAX]


def _what(read: Read) -> tuple[str, str]:
    return str(read[0].body["name"]), str(read[0].body["arguments"])


def _newest(reads: Iterable[Read]) -> Read | None:
    return next(iter(reversed(list(reads))), None)
