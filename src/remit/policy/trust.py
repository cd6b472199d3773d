"""May the machine do this alone? Level and confidence: checks 6 and 7."""

from collections.abc import Iterator

from remit.domain import autonomy
from remit.domain.autonomy import Level
from remit.domain.decision import NEVER, Check, GateFacts, GateVerdict, Lift, Reason
from remit.policy import wording
from remit.policy.lift import MENDED, approve, event, risk

PPM = 1_000_000

_V = GateVerdict


def level(facts: GateFacts) -> Iterator[Reason]:
    """Hold unless the cell may do this alone and nothing puts that in doubt."""
    now, said = effective(facts), facts.level
    lift = approve(said.approvals, facts)
    if now.rank < Level.APPROVE_EACH.rank:
        yield _level(now.value, NEVER, f"Level is {now.value}: recorded, never performed")
    elif now is Level.APPROVE_EACH:
        word = "no_grant" if said.granted is None else "approve_each"
        why = "Nothing is granted yet" if said.granted is None else "Level is approve-each"
        yield _level(word, lift, f"{why}: needs {wording.needed(lift)}")
    if said.expired:
        yield _level("expired", lift, "The grant has expired")
    if not said.fingerprint_matches:
        yield _level(
            "fingerprint", lift, "Model, prompt, tools, rules or knowledge changed since the grant"
        )
    if said.surge:
        yield _level("surge", lift, "Every case is reviewed for a while after a warning")
    if said.ambiguous_effects:
        count = said.ambiguous_effects
        earlier = "an earlier effect" if count == 1 else f"{count} earlier effects"
        yield _level(
            "ambiguous", lift, f"It is not known whether {earlier} of {facts.action} happened"
        )
    if said.in_doubt:  # to act beside it might do the same twice; no yes makes that known
        yield _level(
            "in_doubt", event("it is known what became of it"),
            f"An earlier effect of {facts.action} on this very record may have happened",
        )  # fmt: skip
    if not said.owner_active:
        yield _level("no_owner", lift, "The workflow has no active owner")


def effective(facts: GateFacts) -> Level:
    """Return the lowest of grant, phase cap, ceiling and what the risk allows.

    Without a grant each effect is approved; an action that is not declared counts as irreversible.
    """
    said = facts.level
    return autonomy.lowest(
        said.granted or Level.APPROVE_EACH,
        autonomy.PHASE_CAP[said.phase],
        said.ceiling,
        autonomy.RISK_CEILING[risk(facts)],
    )


def _level(word: str, lift: Lift, sentence: str) -> Reason:
    return Reason(
        check=Check.LEVEL,
        code=f"level.{word}",
        verdict=_V.HOLD,
        lift=lift,
        sentence=sentence,
    )


def confidence(facts: GateFacts) -> Iterator[Reason]:
    """Hold or escalate where the model choices that led here are less sure than demanded."""
    said, lift = facts.confidence, approve(1, facts)
    if said.conflict:
        yield _confidence("conflict", _V.ESCALATE, NEVER, "What was read contradicts itself")
    if not said.asked:
        return
    if said.threshold_ppm is None and facts.level.granted in {Level.SAMPLED, Level.AUTONOMOUS}:
        yield _confidence(
            "no_threshold", _V.HOLD, lift, "No confidence is certified as enough for this"
        )
    if said.ppm is None:
        yield _confidence("missing", _V.HOLD, lift, "A model chose without saying how sure it is")
        return
    if not 0 <= said.ppm <= PPM:
        yield _confidence("invalid", _V.FAULT, MENDED, "Confidence is not between 0 and 100 %")
    if said.low_mark_ppm is not None and said.ppm < said.low_mark_ppm:
        yield _confidence(
            "low",
            _V.ESCALATE,
            NEVER,
            f"Confidence {wording.percent(said.ppm)} is below the low mark of "
            f"{wording.percent(said.low_mark_ppm)}",
        )
    if said.threshold_ppm is not None and (said.ppm, said.tie) < (
        said.threshold_ppm, said.threshold_tie,
    ):  # fmt: skip
        yield _confidence(
            "below_threshold",
            _V.HOLD,
            lift,
            f"Confidence {wording.percent(said.ppm)} is below the "
            f"{wording.percent(said.threshold_ppm)} that this needs",
        )


def _confidence(word: str, verdict: GateVerdict, lift: Lift, sentence: str) -> Reason:
    return Reason(
        check=Check.CONFIDENCE,
        code=f"confidence.{word}",
        verdict=verdict,
        lift=lift,
        sentence=sentence,
    )
