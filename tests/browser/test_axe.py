"""axe-core finds nothing, where it is at hand: `REMIT_AXE` names its `axe.min.js`.

It is not shipped (650 kB under another licence); `test_looks.py` checks the most of it by itself.
"""

import os
from pathlib import Path

import pytest

from tests.browser.conftest import PHONE, Open
from tests.browser.test_looks import SCREENS

pytestmark = pytest.mark.browser

WAYS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"forced_colors": "active"},
    "phone": {"viewport": PHONE},
}


@pytest.mark.parametrize("way", WAYS)
def test_axe_finds_nothing(open_page: Open, way: str) -> None:
    given = os.environ.get("REMIT_AXE")
    if not given:
        pytest.skip("not shipped: axe-core; set REMIT_AXE to its axe.min.js")
    script = Path(given).read_text()
    page = open_page(bypass_csp=True, **WAYS[way])
    for path in SCREENS:
        page.goto(page.evaluate("location.origin") + path)
        page.evaluate(script)
        found = page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',"
            " 'best-practice']}).then((all) => all.violations.map((one) =>"
            " `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 100)).slice(0, 3)}`))"
        )
        assert found == [], path
