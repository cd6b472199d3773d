"""What people had lent of their roles, and who is one with whom: recounted from entries alone."""

from collections.abc import Callable, Mapping

from remit.ledger.leaf import Leaf, moment, number, word

Lending = tuple[str, str, frozenset[str], int, int, tuple[int, str] | None]


class Lent:
    """Knows each delegation of a record while nobody has ended it."""

    def __init__(self) -> None:
        self._standing: dict[str, Lending] = {}

    def given(self, leaf: Leaf, broken: Callable[[str, str], None]) -> None:
        """Take in what was lent; by a person alone, to somebody else."""
        body, actor = leaf.body, leaf.value["actor"]
        giver, to, cap = word(body, "giver"), word(body, "to"), body.get("cap_minor")
        if not isinstance(actor, dict) or actor.get("kind") != "person" or to == actor.get("ref"):
            broken("LS07", f"the roles of `{giver}` were lent by no person, or to themself")
        named = body.get("workflows")
        self._standing[word(body, "delegation_id")] = (
            giver,
            to,
            frozenset(map(str, named if isinstance(named, list) else ())),
            number(body, "from_us"),
            number(body, "until_us"),
            (cap, word(body, "currency")) if isinstance(cap, int) else None,
        )

    def ended(self, leaf: Leaf, broken: Callable[[str, str], None]) -> None:
        """Forget what was taken back."""
        del broken
        self._standing.pop(word(leaf.body, "delegation_id"), None)

    def covers(self, leaf: Leaf, person: str, giver: str, moved: tuple[int, str]) -> bool:
        """Had this person the giver's roles when they voted, for this workflow and so much?"""
        workflow = str(leaf.value["workflow"])
        return any(
            (one_giver, to) == (giver, person)
            and (not workflows or workflow in workflows)
            and moment(begins) <= leaf.at < moment(until)
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
