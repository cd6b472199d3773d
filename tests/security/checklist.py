"""The fifty requirements, where else each is tested in depth, and which cannot be tested yet."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One thing that must hold; `also` names deeper tests, `lacks` what is not built yet."""

    number: int
    title: str
    also: tuple[str, ...] = ()
    lacks: str = ""


SECTIONS: dict[str, range] = {
    "Authority and flow": range(1, 13),
    "Approvals": range(13, 21),
    "Stop and undo": range(21, 25),
    "Identity of tools, and what is delivered": range(25, 33),
    "Secrets and masking": range(33, 36),
    "Console and API": range(36, 44),
    "Evidence": range(44, 51),
}

CHECKLIST: tuple[Requirement, ...] = (
    Requirement(
        number=1,
        title="What a workflow version does not declare is denied, and the denial is recorded",
        also=("tests/unit/policy/test_gate.py",),
    ),
    Requirement(
        number=2,
        title="Policy, schema, facts or store that err, lack or are late deny; nothing happens",
        also=(
            "tests/unit/policy/test_cedar.py",
            "tests/faults/test_systems.py",
            "tests/faults/test_gathering.py",
        ),
    ),
    Requirement(
        number=3,
        title="The rights of a run end, and never exceed those of who started it",
        also=("tests/unit/orchestration/test_requesters.py",),
    ),
    Requirement(
        number=4,
        title="Every value has source, integrity and confidentiality, and no step launders them",
        also=("tests/properties/test_sources.py", "tests/properties/test_label.py"),
    ),
    Requirement(
        number=5,
        title="An argument with authority is a literal, proven, endorsed, or held",
        also=(
            "tests/stories/test_injection.py",
            "tests/properties/test_sources.py",
            "tests/unit/orchestration/test_endorsements.py",
        ),
    ),
    Requirement(
        number=6,
        title="Untrusted data chooses no tool, count or branch but by a declared choice",
        also=("tests/stories/test_mutated.py",),
    ),
    Requirement(
        number=7,
        title="Secrets and private values reach cleared places only",
        also=(
            "tests/stories/test_canaries.py",
            "tests/stories/test_canaries_live.py",
            "tests/unit/policy/test_secrecy.py",
            "tests/unit/orchestration/test_secret_fields.py",
        ),
    ),
    Requirement(
        number=8,
        title="An address that is asked is resolved first, and private networks are refused",
        also=(
            "tests/unit/integrations/test_address.py",
            "tests/unit/integrations/test_http.py",
        ),
    ),
    Requirement(
        number=9,
        title="A text that repeats outside wording says so, and its markup is inert",
        also=("tests/unit/policy/test_content.py", "tests/unit/console/test_hostile.py"),
    ),
    Requirement(
        number=10,
        title="Limits are reserved before the effect, across workers, and hold",
        also=("tests/contract/test_parallel_desk.py", "tests/properties/test_limits.py"),
    ),
    Requirement(
        number=11,
        title="Effects that are split add up",
        also=("tests/unit/orchestration/test_limits.py",),
    ),
    Requirement(
        number=12,
        title="What is kept across cases keeps its labels and cannot raise them itself",
        also=("tests/stories/test_two_runs.py",),
    ),
    Requirement(
        number=13,
        title="What was approved is a digest over everything shown; a byte changed, nothing runs",
    ),
    Requirement(
        number=14,
        title="An approval is used once, expires, can be revoked; of 100 submits one effect",
        also=("tests/unit/orchestration/test_verdicts.py",),
    ),
    Requirement(
        number=15,
        title="Who asked cannot approve, and two means two people",
        also=(
            "tests/properties/test_who_stands_behind.py",
            "tests/properties/test_counting_is_seen.py",
            "tests/properties/test_people_behind.py",
            "tests/unit/orchestration/test_delegating.py",
        ),
    ),
    Requirement(
        number=16,
        title="Who approved is looked up again before the effect",
        also=("tests/unit/orchestration/test_roles_changing.py",),
    ),
    Requirement(
        number=17,
        title="The card shows the bytes, their origins and consequence; no text imitates it",
        also=("tests/unit/console/test_hostile.py", "tests/browser/test_journey.py"),
    ),
    Requirement(
        number=18,
        title="Fatigue is measured; a desk that approves planted attacks is flagged",
        also=(
            "tests/stories/test_seeded.py",
            "tests/stories/test_unseen.py",
            "tests/stories/test_waved_through.py",
        ),
    ),
    Requirement(
        number=19,
        title="No way to approve is within reach of workflow code, models or programs",
        also=("tests/unit/api/test_services.py", "tests/stories/test_services.py"),
    ),
    Requirement(
        number=20,
        title="Silence is no",
        also=("tests/properties/test_timers.py",),
    ),
    Requirement(
        number=21,
        title="A stop bites at the next intent in every worker, survives, and two people lift it",
        also=("tests/faults/test_workers.py", "tests/unit/orchestration/test_stopping.py"),
    ),
    Requirement(
        number=22, title="Every action declares an undo or that it has none; the latter is asked"
    ),
    Requirement(
        number=23,
        title="Killed anywhere: it happened once, or is reported as not known; undo likewise",
        also=(
            "tests/faults/test_crash.py",
            "tests/faults/test_torture.py",
            "tests/unit/orchestration/test_reconciling.py",
            "tests/unit/orchestration/test_undoing.py",
        ),
    ),
    Requirement(
        number=24,
        title="An undo passes the gate, is limited and recorded",
        also=(
            "tests/unit/orchestration/test_undoing.py",
            "tests/unit/orchestration/test_rollback.py",
        ),
    ),
    Requirement(
        number=25,
        title="The definition of a tool is pinned; a change takes the grant away",
    ),
    Requirement(number=26, title="What a tool returns is untrusted unless the platform wrote it"),
    Requirement(
        number=27,
        title="Tokens: one for each tool and program, for one audience, never handed on or shown",
        also=("tests/unit/governance/test_services.py",),
    ),
    Requirement(
        number=28,
        title="OAuth towards other systems: consent, exact redirect, state, PKCE",
        lacks="no connector signs in by OAuth, so there is no such door",
    ),
    Requirement(
        number=29,
        title="A program is started only where the code says so, without a shell",
    ),
    Requirement(number=30, title="No generated code is run"),
    Requirement(number=31, title="Dependencies are locked with hashes; tests are without network"),
    Requirement(
        number=32,
        title="Messages between agents are authenticated, ordered and labelled",
        lacks="there is no gateway for agents written elsewhere",
    ),
    Requirement(
        number=33,
        title="Secrets are references, resolved for the executor, and stand nowhere",
        also=("tests/stories/test_canaries_live.py",),
    ),
    Requirement(
        number=34,
        title="Masking comes before model and storage; a masker that fails means no call",
        also=("tests/stories/test_masked_at_every_exit.py",),
    ),
    Requirement(
        number=35,
        title="Keys rotate and are revoked without a restart; what rests is sealed, backups too",
        also=(
            "tests/faults/test_keys_beside.py",
            "tests/faults/test_rules_beside.py",
            "tests/stories/test_log_key_rotated.py",
            "tests/stories/test_services.py",
        ),
    ),
    Requirement(
        number=36,
        title="Every route declares what it demands, and every record is checked",
        also=(
            "tests/unit/console/test_routes.py",
            "tests/unit/api/test_rights.py",
            "tests/unit/api/test_services.py",
        ),
    ),
    Requirement(
        number=37,
        title="People sign in by argon2id or OpenID Connect; some things anew",
        also=(
            "tests/unit/governance/test_oidc.py",
            "tests/unit/governance/test_sessions.py",
        ),
    ),
    Requirement(number=38, title="Sessions are kept from scripts, rotate, end, and are revocable"),
    Requirement(
        number=39,
        title="Changes need POST, the session's token and our own origin",
        also=("tests/unit/console/test_pages.py",),
    ),
    Requirement(
        number=40,
        title="The content policy allows nothing inline, and hostile text is text everywhere",
        also=("tests/browser/test_journey.py", "tests/unit/console/test_pages.py"),
    ),
    Requirement(
        number=41,
        title="Webhooks are signed over time and body, and not replayed",
        lacks="there are no webhooks, in or out",
    ),
    Requirement(
        number=42,
        title="What is uploaded is judged by its content and kept out of the web's reach",
        also=("tests/faults/test_hostile_mail.py", "tests/unit/cli/test_serve_mails.py"),
    ),
    Requirement(
        number=43,
        title="Rates and bodies are limited, and what a case and a day may cost in effects",
        also=("tests/unit/api/test_rates.py", "tests/unit/orchestration/test_limits.py"),
    ),
    Requirement(
        number=44,
        title="Decision, approval, effect and outcome are recorded first; no record, no effect",
        also=("tests/stories/test_acts_acknowledged.py", "tests/faults/test_tampering.py"),
    ),
    Requirement(
        number=45,
        title="Any decision can be replayed from its entry, bit for bit",
        also=("tests/sounding.py", "tests/unit/governance/test_cards.py"),
    ),
    Requirement(
        number=46,
        title="Retention, export, legal hold and erasure leave the chain intact",
        also=(
            "tests/stories/test_erased.py",
            "tests/stories/test_pruned.py",
            "tests/properties/test_keeping.py",
        ),
    ),
    Requirement(
        number=47,
        title="Nobody edits history or approves their own change",
        also=("tests/stories/test_rules_changed.py",),
    ),
    Requirement(
        number=48,
        title="What runs can be listed: workflows, versions, tools, owners, risk",
        also=("tests/unit/cli/test_inventory.py",),
    ),
    Requirement(number=49, title="A case is stopped with its evidence in one step"),
    Requirement(
        number=50,
        title="Leaps of the clock extend no approval",
        also=("tests/unit/orchestration/test_schedule.py", "tests/properties/test_timers.py"),
    ),
)

_NUMBER = re.compile(r"test_(\d\d)_(\w+)")


def numbered() -> dict[int, list[tuple[str, str]]]:
    """Return by number the tests that carry it, as (file, function)."""
    found: dict[int, list[tuple[str, str]]] = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                match = _NUMBER.fullmatch(node.name)
                if match:
                    found.setdefault(int(match[1]), []).append((path.name, node.name))
    return found
