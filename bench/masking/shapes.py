"""Texts of one megabyte in twenty shapes, each of which would tempt some pattern to go back."""

MEGABYTE = 1_048_576


def shapes() -> dict[str, str]:
    """Return the texts by name."""
    pieces = {
        "one letter": "a",
        "digits": "1",
        "digits and spaces": "1 ",
        "digits and hyphens": "12-",
        "digits and dots": "1.",
        "groups of four": "4111 ",
        "plus signs": "+1 ",
        "at signs": "a@",
        "half addresses": "a.b@c.",
        "colons": "ab:",
        "slashes": "http://a/",
        "percent": "%41",
        "entities": "&#65;",
        "backslashes": "\\u0041",
        "invisible": "a\u200b",
        "base64": "QUJD",
        "names of schemes": "pesel nip ",
        "keys": "password=",
        "bars": "1 | a | b\n",
        "full-width": "１",
        "letters beyond ASCII": "żółw ",
        "birth": "born 1.1.",
    }
    return {
        name: (piece * (MEGABYTE // len(piece) + 1))[:MEGABYTE] for name, piece in pieces.items()
    }
