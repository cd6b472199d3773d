"""axe-core finds nothing on any screen, in light, dark, forced colours and on a phone."""

from importlib.resources import files

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
    script = (files("axe_playwright_python") / "axe.min.js").read_text()
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
