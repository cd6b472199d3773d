"""What a reader of an HTML mail sees: hidden text is counted, and links say where they lead."""

import pytest

from remit.intake import html_cost, html_text


def page(source: str) -> html_text.Page:
    found = html_text.read(source)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "hidden",
    [
        '<p style="display: none">x y</p>', "<p hidden>x y</p>",
        '<span style="font-size:0px">x y</span>', '<p style="visibility:hidden">x y</p>',
        '<p style="opacity:0">x y</p>', '<div style="color:#FFF;background:white">x y</div>',
        '<div style="position:absolute;left:-9999px">x y</div>', '<p class="h">x y</p>',
        '<div style="mso-hide:all;max-height:0">x y</div>',
    ],
)  # fmt: skip
def test_hidden_text_is_counted_and_never_used(hidden: str) -> None:
    found = page(f"<style>.h {{ display: none }}</style><p>Hello</p>{hidden}")
    assert (found.text, found.hidden) == ("Hello", 3)


def test_scripts_styles_and_comments_are_no_text() -> None:
    source = "<script>a()</script><style>p{}</style><!-- c --><title>t</title><p>Hi</p>"
    assert page(source) == html_text.Page(text="Hi", hidden=0, links=())


def test_what_one_screen_hides_is_still_read() -> None:
    assert page("<style>@media print {.n{display:none}}</style><p class=n>a</p>").text == "a"
    assert page('<p style="font-size:0">x<b style="font-size:12px">seen</b></p>').text == "seen"


def test_blocks_break_lines_and_quotations_are_marked() -> None:
    source = "<div>a</div><div>b</div><blockquote>c<br>d</blockquote><p>e</p><p>f</p>"
    assert page(source).text == "a\nb\n> c\n> d\n\ne\n\nf"


@pytest.mark.parametrize(
    ("link", "elsewhere"),
    [
        ('<a href="https://bank.example/x">bank.example</a>', False),
        ('<a href="https://www.bank.example/x">https://bank.example</a>', False),
        ('<a href="https://evil.example/">www.bank.example</a>', True),
        ('<a href="https://bank.example@evil.example/">bank.example</a>', True),
        ('<a href="https://evil.example/">read more</a>', False),
        ('<a href="javascript:go()">read more</a>', True),
    ],
)
def test_a_link_that_shows_another_host_is_flagged(link: str, elsewhere: bool) -> None:
    (found,) = page(link).links
    assert found.elsewhere is elsewhere


def test_html_that_would_take_too_long_is_not_parsed() -> None:
    assert html_cost.too_costly("<div>" * 600)
    assert html_cost.too_costly("<div></x>" * 600)
    assert html_cost.too_costly("<p " + " ".join(f"a{n}" for n in range(2_000)) + ">")
    assert html_cost.too_costly("x" * 300_000)
    assert not html_cost.too_costly("<div>a</div><br><li>b" * 5_000)
