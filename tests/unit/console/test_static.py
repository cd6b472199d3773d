"""The style sheet and the scripts keep their own rules."""

import re
from importlib.resources import files

from remit.console import static
from remit.console.keys import KEYS

STATIC = files("remit.console") / "static"
TEMPLATES = files("remit.console") / "templates"


def test_every_static_file_is_served() -> None:
    assert sorted(one.name for one in STATIC.iterdir()) == sorted(static.NAMES)


def test_colours_stand_in_the_root_block_alone() -> None:
    sheet = (STATIC / "style.css").read_text()
    root, rest = sheet.split("}", 1)
    assert "light-dark(" in root
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb\(|hsl\(", rest) == []


def test_islands_insert_no_markup_and_stay_small() -> None:
    scripts = [one.read_text() for one in STATIC.iterdir() if one.name.endswith(".js")]
    banned = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function"
    assert [found for text in scripts for found in re.findall(banned, text)] == []
    assert sum(text.count("\n") for text in scripts) < 1_500


def test_templates_switch_no_escaping_off_and_style_nothing_in_place() -> None:
    for template in TEMPLATES.iterdir():
        text = template.read_text()
        assert "|safe" not in text
        assert "autoescape" not in text
        assert re.search(r"\sstyle=|\son[a-z]+=|javascript:", text) is None, template.name


def test_every_key_has_a_control_or_a_handler() -> None:
    pages = "".join(one.read_text() for one in TEMPLATES.iterdir())
    used = set(re.findall(r"key\('(\w+)'\)", pages)) | set(re.findall(r"'(go_\w+)'", pages))
    by_script = {"next", "previous", "open", "problem"}
    assert used | by_script == set(KEYS)
