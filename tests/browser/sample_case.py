"""The gallery's case, from message to effect, as its entries."""

from datetime import datetime, timedelta

from remit.domain import actor
from remit.domain.desk_event import ApprovalDecided, ApprovalRequested
from remit.domain.effect_event import (
    ActionDecided,
    ActionProposed,
    EffectConfirmed,
    EffectIntended,
)
from remit.domain.entry import Entry, Event
from remit.domain.event import (
    CaseClosed,
    IntentClassified,
    ModelAnswered,
    PassagesRetrieved,
    RunStarted,
    StepFailed,
    ToolRead,
    WaitEnded,
    WaitStarted,
)
from remit.domain.intake_event import CaseReceived
from tests.browser.samples import HOSTILE, LONG, approval_id


def entries_of_a_case(now: datetime, of_case: str) -> list[Entry]:
    """Return the entries of a case that was held, approved and performed."""
    began = int((now - timedelta(hours=4)).timestamp() * 1_000_000)
    refund = {"amount": "129.14", "currency": "EUR"}
    digest = "7f3a91c204be" + "0" * 52
    steps: list[tuple[float, Event, str | None, dict[str, object]]] = [
        (0, CaseReceived(channel="mail", external="x", content="y",
                         outcomes={"message": "accepted", "order_id": "assumed"},
                         assumptions=("country: DE",)), None,
         {"fields": {"message": HOSTILE, "order_id": "35979"}}),
        (0.2, RunStarted(version="v7"), None, {}),
        (1, IntentClassified(name="classify", arguments="a", model="local-1", choice="refund",
                             confidence_ppm=930_000), "1", {"result": {"refund": "0.93"}}),
        (2, StepFailed(kind="read", name="get_order", arguments="b", code="tool.unavailable",
                       final=False), "2", {"error": "the shop did not answer in 5 s"}),
        (5, ToolRead(name="get_order", arguments="b", connector="shop", latency_ms=38, result="r"),
         "2", {"arguments": {"order_id": "35979"},
               "result": {"status": "delivered", "total": refund, "note": HOSTILE}}),
        (6, PassagesRetrieved(name="help", arguments="c", citations=("refunds@4#2",)), "3",
         {"query": "late parcel refund"}),
        (8, ModelAnswered(name="refund-reply", arguments="d", prompt="91c2", model="small-1",
                          finish="stop", latency_ms=1310, input_tokens=412, output_tokens=88),
         "4", {"prompt": LONG, "result": {"reply": HOSTILE}}),
        (9, ActionProposed(action_id="a" * 32, action="issue_refund", version=1, arguments="e",
                           signature="s", risk="money", money_minor=12_914, currency="EUR"), "5",
         {"arguments": {"amount": refund, "order_id": "35979", "person": "PERSON_7K3QX4M2"}}),
        (9, ActionDecided(action_id="a" * 32, state="held", codes=("level.approve_each",),
                          digest=digest, level="approve-each", policy="12"), "5",
         {"words": {"decision": {"reasons": [{"sentence": "129.14 EUR is over 50.00 EUR"}]}}}),
        (9, ApprovalRequested(approval_id=approval_id(0), action_id="a" * 32,
                              action="issue_refund", risk="money", digest=digest,
                              bound=digest, requirements=("1 refund-approver",),
                              codes=("level.approve_each",),
                              due_us=began + 7_200_000_000, expires_us=began + 28_800_000_000,
                              money_minor=12_914, currency="EUR"), "5", {}),
        (9, WaitStarted(kind="approval", ref="a" * 32), "5", {}),
        (7_809, ApprovalDecided(approval_id=approval_id(0), action_id="a" * 32, verdict="approve",
                                person="l.costa", role="refund-approver", digest=digest,
                                channel="console", seconds_open=41), None, {}),
        (7_809, WaitEnded(kind="approval", ref="a" * 32, how="approved"), "5", {}),
        (7_819, EffectIntended(action_id="a" * 32, effect_id="a" * 32, attempt=1,
                               connector="shop", digest=digest, sent="z",
                               deadline_us=began + 9_000_000_000,
                               reveals=("PERSON_7K3QX4M2@person",)), "5", {}),
        (7_820, EffectConfirmed(action_id="a" * 32, effect_id="a" * 32, attempt=1,
                                reference="re_8812", latency_ms=210), "5",
         {"receipt": {"id": "re_8812"}}),
        (7_821, CaseClosed(outcome="completed", result="refunded"), None, {"result": "refunded"}),
    ]  # fmt: skip
    return [
        Entry(
            id=f"{seq:032x}", case_id=of_case, seq=8_812 + seq, event=event.NAME,
            body=event.body(), actor=actor.workflow("refund-desk"),
            at_us=began + int(seconds * 1_000_000), workflow="refund-desk", path=path, run=0,
            payloads=payloads,
        )
        for seq, (seconds, event, path, payloads) in enumerate(steps)
    ]  # fmt: skip
