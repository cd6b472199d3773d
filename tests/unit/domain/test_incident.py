"""What an incident is about, and which of two severities counts."""

import pytest

from remit.domain.action import Risk
from remit.domain.autonomy import Cell
from remit.domain.incident import (
    Scope,
    ScopeKind,
    Severity,
    incident_id,
    scope_of,
    severity_of,
    worse,
)

CELL = Cell(workflow="desk", action="pay", segment="small")


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        (scope_of(CELL), "cell:desk.pay/small"),
        (Scope(workflow="desk", kind=ScopeKind.ACTION, action="pay"), "action:desk.pay"),
        (Scope(workflow="desk", kind=ScopeKind.WORKFLOW), "workflow:desk"),
        (Scope(workflow="desk", kind=ScopeKind.CASE, case_id="c1"), "case:c1"),
    ],
)
def test_a_scope_is_written_as_the_stop_of_the_same(scope: Scope, name: str) -> None:
    assert scope.name == name


def test_of_two_severities_the_higher_counts() -> None:
    assert worse(Severity.SEV3, Severity.SEV2) is Severity.SEV2
    assert worse(Severity.SEV1, Severity.SEV4) is Severity.SEV1


def test_what_cannot_be_undone_is_the_worst_while_nobody_has_looked() -> None:
    assert severity_of(Risk.IRREVERSIBLE) is Severity.SEV1
    assert {severity_of(one) for one in Risk if one is not Risk.IRREVERSIBLE} == {Severity.SEV2}


def test_workflows_number_their_incidents_apart() -> None:
    assert incident_id("desk", 1) != incident_id("desk", 2)
    assert incident_id("desk", 1) != incident_id("other", 1)
    assert scope_of(CELL).cell == CELL
