"""A mail becomes named columns: on stated grounds or with a reason, never more than is there."""

import json
import subprocess
import sys
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from remit.intake import attachments, mail, mime, replies
from remit.intake.mail import Mail
from remit.intake.outcome import Field
from remit.intake.reasons import ReasonCode

ENVELOPE = (
    b"Received: from a by b; Mon, 23 Nov 2026 08:04:00 +0000\n"
    b"From: Anna <anna@example.org>\nTo: desk@example.com\nSubject: Jacket\n"
    b"Date: Mon, 23 Nov 2026 09:03:00 +0100 (PST)\nMessage-ID: <a1@example.org>\n"
)


def digest(data: bytes) -> str:
    return f"{len(data)}"


def read(raw: bytes) -> Mail:
    return mail.read(raw, digest=digest)


def plain(text: bytes, *headers: bytes) -> Mail:
    return read(ENVELOPE + b"".join(one + b"\n" for one in headers) + b"\n" + text)


def code(field: Field) -> ReasonCode | None:
    return None if field.reason is None else field.reason.code


def grounds(field: Field) -> list[str]:
    return [one.code for one in field.assumptions]


def made(change: Callable[[EmailMessage], None]) -> Mail:
    message = EmailMessage()
    message["From"] = "anna@example.org"
    message["Message-ID"] = "<m@example.org>"
    change(message)
    return read(message.as_bytes())


# -- envelope ------------------------------------------------------------------------------------


def test_the_envelope_fills_the_columns_and_dates_go_by_their_offset() -> None:
    found = plain(b"Hello")
    values = {name: field.value for name, field in found.columns.items() if field.value}
    assert values == {
        "from": "anna@example.org", "sender": "anna@example.org", "from_name": "Anna",
        "to": "desk@example.com", "subject": "Jacket", "message_id": "<a1@example.org>",
        "sent_at": "2026-11-23T09:03:00+01:00", "received_at": "2026-11-23T08:04:00+00:00",
        "message": "Hello",
    }  # fmt: skip
    assert (found.fault, found.notes, found.message_id) == (None, (), "<a1@example.org>")


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Mon, 23 Nov 2026 09:03:00 -0000", "2026-11-23T09:03:00+00:00"),
        ("Mon, 23 Nov 2026 09:03:00 EST", "2026-11-23T09:03:00-05:00"),
        ("Mon, 23 Nov 2026 09:03:00", ReasonCode.ZONE_UNKNOWN),
        ("Mon, 23 Nov 2026 09:03:00 IST", ReasonCode.ZONE_UNKNOWN),
        ("Tue, 23 Nov 2026 09:03:00 +0100", ReasonCode.DATE_WEEKDAY_CONFLICT),
        ("Mon, 31 Nov 2026 09:03:00 +0100", ReasonCode.TIME_IMPOSSIBLE),
        ("soon", ReasonCode.TIME_IMPOSSIBLE),
    ],
)
def test_a_date_is_read_or_refused(date: str, expected: object) -> None:
    found = read(f"From: a@example.org\nDate: {date}\n\nx".encode())
    field = found.columns["sent_at"]
    assert (code(field) or field.value) == expected


def test_without_a_servers_date_the_senders_own_is_an_assumption() -> None:
    found = read(b"From: a@example.org\nDate: Mon, 23 Nov 2026 09:03:00 +0100\n\nx")
    assert grounds(found.columns["received_at"]) == ["received_when_sent"]


def test_several_senders_and_headers_that_stand_twice_are_not_chosen_between() -> None:
    two = read(b"From: a@example.org, b@example.org\n\nx").columns["from"]
    assert two.value == "a@example.org, b@example.org"  # refused as `email.several` by its field
    assert code(read(b"From: a@x.org\nSubject: a\nSubject: b\n\nx").columns["subject"]) is (
        ReasonCode.FIELD_CONFLICT
    )
    assert code(read(b"From: a@x.org\nFrom: b@x.org\n\nx").columns["from"]) is (
        ReasonCode.FIELD_CONFLICT
    )


def test_names_and_reply_to_that_show_somebody_else_are_told() -> None:
    found = read(b'From: "ceo@bank.example" <x@evil.example>\nReply-To: y@evil.example\n\nx')
    assert found.columns["from"].value == "x@evil.example"
    assert found.notes == ("name_shows_address", "reply_to_elsewhere")
    assert {"from_name", "reply_to"} <= mail.UNTRUSTED


def test_an_encoded_subject_is_decoded_and_a_broken_one_refused() -> None:
    assert plain(b"x").columns["subject"].value == "Jacket"
    good = read(b"From: a@x.org\nSubject: =?utf-8?b?WmHFvMOzxYLEhw==?=\n\nx")
    assert good.columns["subject"].value == "Zażółć"
    bad = read(b"From: a@x.org\nSubject: =?utf-8?q?=FF=FE?=\n\nx")
    assert code(bad.columns["subject"]) is ReasonCode.TEXT_UNDECODABLE
    eight = read("From: a@x.org\nSubject: Größe\n\nx".encode())
    assert eight.columns["subject"].value == "Größe"
    short = read(b"From: a@x.org\nSubject: Jos\xe9\n\nx")
    assert code(short.columns["subject"]) is ReasonCode.TEXT_CHARSET_UNCLEAR


# -- parts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", ReasonCode.MAIL_MALFORMED),
        (b"\x00\xff\x80 no mail at all", ReasonCode.MAIL_MALFORMED),
        (b"Subject: nobody wrote this\n\nx", ReasonCode.MAIL_MALFORMED),
        (ENVELOPE + b"no colon here\n\nx", ReasonCode.MAIL_MALFORMED),
        (ENVELOPE + b"X: a\rFrom: b@x.org\n\nx", ReasonCode.MAIL_MALFORMED),
        (ENVELOPE + b"Content-Type: multipart/mixed\n\nx", ReasonCode.MAIL_MALFORMED),
        (
            ENVELOPE + b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\ncut short",
            ReasonCode.MAIL_MALFORMED,
        ),
        (
            ENVELOPE + b"Content-Type: text/plain\nContent-Type: text/html\n\nx",
            ReasonCode.MAIL_MALFORMED,
        ),
        (ENVELOPE + b"".join(b"X%d: y\n" % n for n in range(2001)), ReasonCode.MAIL_TOO_LARGE),
        (ENVELOPE + b"X: " + b"y" * 70_000 + b"\n\nx", ReasonCode.MAIL_TOO_LARGE),
        (b"x" * 25_000_001, ReasonCode.MAIL_TOO_LARGE),
    ],
)
def test_what_cannot_be_read_has_a_fault(raw: bytes, fault: ReasonCode) -> None:
    assert read(raw).fault is fault


def nested(depth: int) -> bytes:
    opening = b"".join(
        b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (n, n + 1)
        for n in range(depth)
    )
    closing = b"".join(b"\n--b%d--" % n for n in range(depth, -1, -1))
    top = ENVELOPE + b"Content-Type: multipart/mixed; boundary=b0\n\n"
    return top + opening + b"--b%d\n\nhello" % depth + closing


def test_parts_nest_to_a_limit() -> None:
    assert read(nested(8)).columns["message"].value == "hello"
    assert read(nested(11)).fault is ReasonCode.MAIL_TOO_DEEP
    assert read(nested(1_000)).fault is ReasonCode.MAIL_TOO_DEEP
    many = b"--b\n\nx\n" * 201 + b"--b--"
    top = ENVELOPE + b"Content-Type: multipart/mixed; boundary=b\n\n"
    assert read(top + many).fault is ReasonCode.MAIL_TOO_DEEP


def test_a_part_that_came_damaged_has_no_text() -> None:
    cut = plain(b"SGVsbG8", b"Content-Transfer-Encoding: base64")
    junk = plain(b"SGVs!!bG8=", b"Content-Transfer-Encoding: base64")
    bad = plain(b"a =ZZ b", b"Content-Transfer-Encoding: quoted-printable")
    odd = plain(b"x", b"Content-Transfer-Encoding: x-uuencode")
    assert {code(one.columns["message"]) for one in (cut, junk, bad, odd)} == {
        ReasonCode.MAIL_MALFORMED
    }
    soft = plain(b"a=3D=\nb =\n", b"Content-Transfer-Encoding: quoted-printable")
    assert soft.columns["message"].value == "a=b "


def test_the_librarys_own_mails_are_read_as_they_were_written() -> None:
    def change(message: EmailMessage) -> None:
        message.set_content("Zażółć gęślą jaźń\n")
        message.add_alternative("<p>Zażółć gęślą jaźń</p>", subtype="html")
        message.add_attachment("a,b\n1,2\n", subtype="csv", filename="rows.csv")

    found = made(change)
    assert found.columns["message"].value == "Zażółć gęślą jaźń"
    assert found.columns["attached_text"].value == "a,b\n1,2\n"
    assert found.notes == ()


# -- text ----------------------------------------------------------------------------------------


def test_suspected_mojibake_is_a_candidate_and_no_repair() -> None:
    field = plain("Meine GrÃ¶ÃŸe ist zu groÃŸ, schÃ¶ne GrÃ¼ÃŸe".encode()).columns["message"]
    assert code(field) is ReasonCode.TEXT_MOJIBAKE
    assert field.reason is not None
    assert field.reason.candidates[1] == "Meine Größe ist zu groß, schöne Grüße"


# -- HTML ----------------------------------------------------------------------------------------


def test_an_html_mail_is_read_and_what_it_hides_is_told() -> None:
    html = (
        b'<p>Refund 1001</p><div style="display:none">pay 9,000</div>'
        b'<a href="//e.example">a.org</a>'
    )
    found = plain(html, b"Content-Type: text/html")
    assert found.columns["message"].value == "Refund 1001\n\na.org"
    assert found.notes == ("hidden_text:1", "link_elsewhere:1")


def test_alternatives_that_say_different_things_are_told() -> None:
    def change(message: EmailMessage) -> None:
        message.set_content("where is my order\n")
        message.add_alternative("<p>refund everything at once please</p>", subtype="html")

    found = made(change)
    assert (found.columns["message"].value, found.notes) == (
        "where is my order", ("alternatives_differ",)
    )  # fmt: skip


# -- replies -------------------------------------------------------------------------------------

INTRODUCED = "On Mon, 23 Nov 2026 at 10:00, Shop <desk@example.com> wrote:"


def test_a_reply_is_cut_where_both_libraries_agree() -> None:
    found = replies.split(f"Yes please.\n\nAnna\n\n{INTRODUCED}\n> Do you want it?\n> The desk\n")
    assert found.own == "Yes please.\n\nAnna"
    assert found.quoted == f"{INTRODUCED}\n> Do you want it?\n> The desk"
    assert found.assumptions == ()


@pytest.mark.parametrize(
    "text",
    [
        f"See below.\n\n{INTRODUCED}\n> Refund?\nYes, 1001.\n> Address?\nThe old one.\n",
        f"{INTRODUCED}\n> Refund?\n\nYes.",
        "Tak.\n\nW dniu 23.11.2026 o 10:00 Sklep napisał(a):\n> Czy chce Pani zwrot?\n",
        "> an old line\nand mine",
        "Yes.\n\n-------- Some client's own words --------\nold text",
    ],
)
def test_a_reply_that_is_not_certain_is_kept_whole(text: str) -> None:
    found = replies.split(text)
    assert (found.own, found.quoted) == (text, "")
    assert [one.code for one in found.assumptions] == ["reply_kept_whole"]


def test_a_text_without_quotations_is_just_itself() -> None:
    assert replies.split("Hi,\n\nOrder 1001.\nAnna") == replies.Reply(
        own="Hi,\n\nOrder 1001.\nAnna"
    )


# -- attachments ---------------------------------------------------------------------------------

PDF = b"%PDF-1.7\n1 0 obj <<>> endobj trailer <<"
ZIP = b"PK\x03\x04\x14\x00%b\x08\x00" + b"\x00" * 40


@pytest.mark.parametrize(
    ("data", "name", "type", "expected"),
    [
        (PDF + b">>", "bill.pdf", "application/pdf", "pdf"),
        (
            PDF + b"/Encrypt 5 0 R>>",
            "bill.pdf",
            "application/pdf",
            ReasonCode.ATTACHMENT_ENCRYPTED,
        ),
        (PDF, "photo.png", "image/png", ReasonCode.ATTACHMENT_TYPE_MISMATCH),
        (b"MZ\x90\x00", "bill.pdf", "application/pdf", ReasonCode.ATTACHMENT_TYPE_MISMATCH),
        (b"MZ\x90\x00", "tool", "application/octet-stream", ReasonCode.ATTACHMENT_TYPE_MISMATCH),
        (b"hello", "bill.pdf", "application/octet-stream", ReasonCode.ATTACHMENT_TYPE_MISMATCH),
        (ZIP % b"\x00\x00", "a.docx", "application/octet-stream", "zip"),
        (ZIP % b"\x01\x00", "a.zip", "application/zip", ReasonCode.ATTACHMENT_ENCRYPTED),
        (b"a;b\n", "rows.csv", "application/vnd.ms-excel", "text"),
        (b"\x00\x01\x02", "data.bin", "application/octet-stream", "unknown"),
        (b"From: a@x.org\n\nx", "old.eml", "message/rfc822", "mail"),
        (b"x" * (1024 * 1024 + 1), "log.txt", "text/plain", ReasonCode.ATTACHMENT_TOO_LARGE),
        (b"Jos\xe9", "a.txt", "text/plain", ReasonCode.TEXT_CHARSET_UNCLEAR),
    ],
)
def test_an_attachment_is_what_its_bytes_say(
    data: bytes, name: str, type: str, expected: object
) -> None:
    found = attachments.read(data, part="2", name=name, type=type, charset=None, digest="d")
    assert (found.code or found.kind) == expected
    assert (found.text is None) == (expected != "text")


def test_one_bad_attachment_leaves_the_message_readable_and_is_told() -> None:
    def change(message: EmailMessage) -> None:
        message.set_content("see the bill\n")
        message.add_attachment(PDF, maintype="image", subtype="png", filename="bill.png")

    found = made(change)
    assert found.columns["message"].value == "see the bill"
    assert code(found.columns["attachments"]) is ReasonCode.ATTACHMENT_TYPE_MISMATCH
    assert found.notes == ("attachment.type_mismatch:2",)


def test_an_encrypted_mail_has_no_message() -> None:
    found = plain(b"--b\n\nx\n--b--", b"Content-Type: multipart/encrypted; boundary=b")
    assert code(found.columns["message"]) is ReasonCode.ATTACHMENT_ENCRYPTED


def test_headers_that_the_library_cannot_take_apart_are_no_end() -> None:
    for line in (b'From: "\x80(((((', b"From: <<<>>>@@@", b"From: " + b"(" * 3_000):
        found = read(line + b"\n\nx")
        assert found.columns["from"].value != "x"
        kind = b"From: a@x.org\nContent-Type: " + line.partition(b": ")[2]
        assert read(kind + b"\n\nx").fault is ReasonCode.MAIL_MALFORMED
    assert mime.read(b"From: a@x.org\nContent-Type: ;;;=;\n\nx").fault is ReasonCode.MAIL_MALFORMED


# -- without the extra ---------------------------------------------------------------------------

WITHOUT = """
import json, sys

for name in ("charset_normalizer", "ftfy", "mailparser_reply", "quotequail", "selectolax"):
    sys.modules[name] = None  # as where they are not installed
from remit.intake import mail

HEAD = b"From: a@example.org\\n"
HTML = b"Content-Type: text/html\\n\\n<p>hello</p>"
TWO = b"Content-Type: multipart/alternative; boundary=b\\n\\n--b\\n\\nhello\\n--b\\n"
TWO += HTML + b"\\n--b--"
GUESSED = "Прошу вернуть деньги за заказ. ".encode("cp1251") * 20
QUOTED = b"\\nYes.\\n\\nOn Monday, the shop wrote:\\n> Refund?\\n"
said = []
for raw in (HEAD + HTML, HEAD + TWO, HEAD + b"\\n" + GUESSED, HEAD + QUOTED, HEAD + b"\\nhello"):
    found = mail.read(raw, digest=str)
    field = found.columns["message"]
    grounds = [one.code for one in field.assumptions]
    said.append([field.value if field.reason is None else field.reason.code, grounds, found.notes])
print(json.dumps(said))
"""


def test_without_the_extra_more_is_refused_and_nothing_guessed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True
    )
    html, two, guessed, quoted, plain_text = json.loads(done.stdout)
    assert html == ["field.extra_missing", [], ["html_unread"]]
    assert two == ["hello", [], ["html_unread"]]
    assert guessed[0] == "text.charset_unclear"
    assert quoted == [
        "Yes.\n\nOn Monday, the shop wrote:\n> Refund?", ["reply_kept_whole"], []
    ]  # fmt: skip
    assert plain_text == ["hello", [], []]
