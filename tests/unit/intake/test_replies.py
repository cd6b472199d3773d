"""The libraries that find quotations are asked only where they can, with the same answer."""

import quotequail
from hypothesis import given
from hypothesis import strategies as st

from remit.intake import replies

LINES = (
    "", "x", "hello there", "> x", ">", "---", "On", "A wrote:", "wrote:", "From: a", "Sent: b",
    "Subject: x", "Von: a", "Gesendet: b", "An: c", "<a@b.org>", "2020/1/2 A", "_" * 32,
    "On Mon, 3 Mar, A <a@x.org> wrote:", "> On Mon A wrote:", "Am 3. schrieb A:", "El 3 escribió:",
    "Le 3 mars A a écrit :", "Op 3 schreef A:", "Den 3. mars skrev A:", "On Mon 3 Mar",
    "-----Original Message-----", "-----Oprindelig meddelelse-----", "Begin forwarded message:",
    "---------- Forwarded message ---------", "2020/01/02 A <a@b.org>", "Em 3 A escreveu:",
)  # fmt: skip


@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_the_cuts_are_those_of_the_whole_libraries(lines: list[str]) -> None:
    found = replies._cuts(lines)
    assert found is not None
    whole = replies._headers().search("\n".join(lines))
    if whole is None:
        assert found[0] is None
    else:
        place = whole.start() + len(whole[0]) - len(whole[0].lstrip("\n"))
        assert found[0] == "\n".join(lines).count("\n", 0, place)
    parts = quotequail.quote("\n".join(lines), quote_intro_line=True)
    if len(parts) == 1:
        assert found[1] is None
    else:
        above = parts[0][1].split("\n") if parts[0][1] else []
        assert found[1] is not None
        assert [one for one in lines[: found[1]] if one] == [one for one in above if one]
