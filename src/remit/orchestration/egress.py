"""Reads that send something out, such as an address to fetch: looked at before they go."""

from collections.abc import Mapping

from remit.domain.action import ActionSpec, Risk, ToolSpec
from remit.domain.autonomy import Level, Phase
from remit.domain.decision import (
    ConfidenceFact,
    Decision,
    GateFacts,
    GateVerdict,
    LevelFact,
    PolicyAnswer,
)
from remit.domain.value import Json
from remit.orchestration import provenance
from remit.orchestration.content import confidential, findings
from remit.orchestration.halted import stops_on
from remit.orchestration.proposed import canonical_values
from remit.orchestration.run import Escalated, Run
from remit.policy import gate, sources
from remit.store.connection import Connection

# A read changes nothing: it needs no level and no rule, and no model's confidence.
_ALONE = LevelFact(phase=Phase.EXPAND, granted=Level.AUTONOMOUS, ceiling=Level.AUTONOMOUS)
_PERMITTED = PolicyAnswer(loaded=True, decision="allow", permits=("declared",))
_UNASKED = ConfidenceFact(asked=False, ppm=None, threshold_ppm=None, low_mark_ppm=None)


async def let_out(run: Run, tool: ToolSpec, given: Mapping[str, Json]) -> None:
    """Judge what a read would send out by stops, shape, sources and content.

    A read cannot wait for a person, so whatever is held hands the case to one: raises `Escalated`.
    """
    decision = await run.read(lambda c: judged(run, c, tool, given))
    if decision.verdict is not GateVerdict.ALLOW:
        first = decision.reasons[0]
        said = "; ".join(reason.sentence for reason in decision.reasons)
        raise Escalated(first.code, f"`{tool.name}` would send out what it may not: {said}")


def judged(
    run: Run, connection: Connection, tool: ToolSpec, given: Mapping[str, Json]
) -> Decision:
    """Return what the gate says of a read, as of an action of risk low that is permitted."""
    spec = ActionSpec(
        workflow=tool.workflow, name=tool.name, risk=Risk.LOW, params=tool.params, says="",
        undo=None, irreversible=False, on=None,
    )  # fmt: skip
    values = canonical_values(spec, given)
    witnesses = provenance.witnesses(run)
    version, _ = run.authority.standing(connection, run.equipment.name, tool.name)
    return gate.decide(
        GateFacts(
            action_id="",
            case_id=run.case_id,
            workflow=run.equipment.name,
            version=run.equipment.fingerprint,
            action=tool.name,
            author="workflow",
            arguments=given,
            types={name: value.type for name, value in values.items()},
            signature_digest="",
            spec=spec,
            spec_digest="",
            times_used=0,
            denied_intent=False,
            denied_count=0,
            proofs=sources.prove(spec, values, witnesses, directories=run.equipment.directories),
            content_findings=findings(run, spec, given, values, witnesses),
            confidential=confidential(run, spec, given, values, witnesses),
            stops=stops_on(run, connection, version, action=tool.name, connector=""),
            policy=_PERMITTED,
            limits=(),
            level=_ALONE,
            confidence=_UNASKED,
            digest="",
            now=run.now(),
        )
    )
