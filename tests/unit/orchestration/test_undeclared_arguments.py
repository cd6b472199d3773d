"""A call with arguments that its action does not declare is denied by the gate, like any other."""

import pytest

from tests.projects import Small, found, result, send, states

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("call", "code"),
    [('text="hello", copy="eve"', "step.extra_argument"), ("", "step.missing_argument")],
)
async def test_one_argument_too_many_or_too_few_is_denied_and_uses_nothing_up(
    small: Small, call: str, code: str
) -> None:
    """What was denied does not count, so that both notes that this case may have still run."""
    body = f"""
    try:
        await run.act(note, {call})
    except ActionDeniedError:
        pass
    for text in ("one", "two"):
        await run.act(note, text=text)
    return "done"
    """
    async with small.open(body) as remit:
        case_id = await send(remit)
        assert result(remit, case_id) == "done"
        assert [state for _, state in states(remit, case_id)] == ["denied", *["confirmed"] * 2]
        decided = found(remit, case_id, "policy:action:decided")
        assert code in decided[0].body["codes"]
    assert small.performed() == ["note", "note"]
