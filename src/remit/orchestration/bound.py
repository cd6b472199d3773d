"""What a verdict is bound to: exactly these bytes, under these rules, in this world."""

from collections.abc import Mapping

from remit.domain.action import ActionSpec, ToolSource, Witness, alternatives
from remit.domain.remembered import Remembered
from remit.domain.value import Json, digest
from remit.orchestration.run import Run


def bound(
    run: Run,
    spec: ActionSpec | None,
    *,
    action_id: str,
    action: str,
    version: int,
    connector: str,
    arguments: Mapping[str, Json],
    witnesses: tuple[Witness, ...],
) -> str:
    """Return the digest that a verdict is bound to: exactly these bytes in this world."""
    return run.digest(
        {
            "action": f"{run.equipment.name}.{action}",
            "action_id": action_id,
            "arguments": dict(arguments),
            "account": run.equipment.accounts.get(connector, ""),
            "connector": connector,
            "signature": "" if spec is None else signature(spec),
            "slice": _slice(run, action),
            "undo": "" if spec is None else (spec.undo or ""),
            "version": version,
            "world": _world(run, spec, witnesses),
        }
    )


# The digest of a declaration.
signature: Remembered[ActionSpec, str] = Remembered(lambda spec: digest(spec.signature))


def _world(run: Run, spec: ActionSpec | None, witnesses: tuple[Witness, ...]) -> str:
    """Return the digest of every record that may witness an argument, by its newest read."""
    if spec is None:
        return ""
    cited = {
        source.tool
        for param in spec.params
        for source in alternatives(param.source)
        if isinstance(source, ToolSource)
    } | ({spec.on} if spec.on else set())
    newest: dict[tuple[str, str], int] = {}
    for witness in witnesses:
        if witness.tool in cited:
            newest[witness.tool, witness.record] = witness.seq
    forms: Json = [
        [witness.tool, witness.record, witness.path, witness.element, witness.form]
        for witness in witnesses
        if newest.get((witness.tool, witness.record)) == witness.seq
    ]
    return run.digest(forms)


def _slice(run: Run, action: str) -> str:
    """Return the digest of the rules that cover this action; it does not depend on votes."""
    book = run.equipment.book
    found = None if book is None else book.slices.get(f"{run.equipment.name}.{action}")
    return "" if found is None else found.digest
