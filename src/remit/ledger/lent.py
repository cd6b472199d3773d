"""What people had lent of their roles, and who is one with whom: recounted from entries alone."""

from collections.abc import Callable, Mapping

from remit.ledger.leaf import Json, Leaf

Lending = tuple[str, str, frozenset[str], int, int, tuple[int, str] | None]


class Lent:
    """Knows each delegation of a record while nobody has ended it."""

    def __init__(self, moment: Callable[[int], str]) -> None:
        self._moment = moment
        self._standing: dict[str, Lending] = {}

    def given(self, leaf: Leaf, broken: Callable[[str, str], None]) -> None:
        """Take in what was lent; by a person alone, to somebody else."""
        body, actor = leaf.body, leaf.value["actor"]
        giver, to, cap = _field_text(body, "giver"), _field_text(body, "to"), body.get("cap_minor")
        if not isinstance(actor, dict) or actor.get("kind") != "person" or to == actor.get("ref"):
            broken("LS07", f"the roles of `{giver}` were lent by no person, or to themself")
        named = body.get("workflows")
        self._standing[_field_text(body, "delegation_id")] = (
            giver,
            to,
            frozenset(map(str, named if isinstance(named, list) else ())),
            _field_number(body, "from_us"),
            _field_number(body, "until_us"),
            (cap, _field_text(body, "currency")) if isinstance(cap, int) else None,
        )

    def ended(self, leaf: Leaf, broken: Callable[[str, str], None]) -> None:
        """Forget what was taken back."""
        del broken
        self._standing.pop(_field_text(leaf.body, "delegation_id"), None)

    def covers(self, leaf: Leaf, person: str, giver: str, moved: tuple[int, str]) -> bool:
        """Had this person the giver's roles when they voted, for this workflow and so much?"""
        workflow = str(leaf.value["workflow"])
        return any(
            (one_giver, to) == (giver, person)
            and (not workflows or workflow in workflows)
            and self._moment(begins) <= leaf.at < self._moment(until)
            and (cap is None or not moved[1] or (moved[1] == cap[1] and moved[0] <= cap[0]))
            for one_giver, to, workflows, begins, until, cap in self._standing.values()
        )


def people_behind(voters: Mapping[str, str], givers: Mapping[str, str]) -> dict[str, str]:
    """Return by voter who stands for them: who votes for somebody is one with them."""
    found = {name: name for name in (*voters, *givers.values())}
    for person, giver in givers.items():
        one, other = found[person], found[giver]
        found = {name: one if stands == other else stands for name, stands in found.items()}
    return found


def _field_text(body: Mapping[str, Json], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _field_number(body: Mapping[str, Json], name: str) -> int:
    value = body.get(name)
    return value if isinstance(value, int) else 0
