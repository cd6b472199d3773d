"""Read mails with the standard library, Beautiful Soup and email-reply-parser, as many do.

It imports nothing of Remit. The input holds mails in base64, the output CPU milliseconds of each.
"""

import argparse
import base64
import json
import time
from email import policy
from email.parser import BytesParser
from pathlib import Path

from bs4 import BeautifulSoup
from email_reply_parser import EmailReplyParser


def read(raw: bytes) -> tuple[str, str, str]:
    message = BytesParser(policy=policy.default).parsebytes(raw)
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    text = "" if plain is None else plain.get_content()
    if html is not None:
        shown = BeautifulSoup(html.get_content(), "html.parser").get_text("\n")
        text = text or shown
    own = EmailReplyParser.parse_reply(text)
    return str(message["from"]), str(message["subject"]), own


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    asked = parser.parse_args()
    given = json.loads(asked.input.read_text())
    made = {}
    for name, mails in given.items():
        raws = [base64.b64decode(one) for one in mails]
        read(raws[0])
        times = []
        for raw in raws:
            began = time.thread_time_ns()
            read(raw)
            times.append((time.thread_time_ns() - began) / 1e6)
        made[name] = times
    asked.output.write_text(json.dumps(made))


if __name__ == "__main__":
    main()
