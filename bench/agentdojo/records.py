"""What the tools of the suites bring back, and which field the platform itself writes.

Decided by meaning. A field that the platform makes or checks (an id, an address that it delivers
to, a time, an amount, a size, who wrote a message on the platform itself) is marked `System`. Free
text, names that a stranger may choose, and the sender line of an e-mail are outside: a third party
writes them. A title may name a record, as a key of `.by()`, and proves nothing itself.

Secret is what by itself lets its holder pass for the user or pay in the user's name: a number of
an identity card, a passport or a payment card, a password. An account number is none: one gives it
to be paid. Names, addresses and balances are personal, and may be told.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel

from remit import Secret, System

Own = Annotated[str, System]  # written by the platform itself


class Email(BaseModel):
    """An e-mail; all but its place in the mailbox is what its sender wrote."""

    id_: Own
    sender: str
    recipients: list[str]
    cc: list[str]
    bcc: list[str]
    subject: str
    body: str
    status: Own
    timestamp: Own


class Contact(BaseModel):
    """An entry of the user's own address book."""

    email: Own
    name: Own


class Event(BaseModel):
    """An event of the user's calendar; whoever made it chose its texts."""

    id_: Own
    title: str
    description: str
    start_time: Own
    end_time: Own
    location: str | None
    participants: list[Own]
    status: Own


class File(BaseModel):
    """A file of the user's drive; whoever wrote it chose its name and content."""

    id_: Own
    filename: str
    content: str
    owner: Own
    last_modified: Own
    size: Annotated[int, System]


class Transaction(BaseModel):
    """A payment as the bank booked it; the other side chose its subject."""

    id: Annotated[int, System]
    sender: Own
    recipient: Own
    amount: Annotated[Decimal, System]
    subject: str
    date: Own
    recurring: Annotated[bool, System]


class Order(Transaction):
    """A standing order of the user; nobody else can write one."""

    subject: Own


class Message(BaseModel):
    """A chat message; the platform knows who wrote it."""

    sender: Own
    recipient: Own
    body: str


class Members(BaseModel):
    """Who is in a channel."""

    id: Own
    users: list[Own]


class Messages(BaseModel):
    """What stands in a channel or in somebody's inbox."""

    id: Own
    messages: list[Message]


class Text(BaseModel):
    """What somebody wrote, or what is mixed with it."""

    said: str


class Person(BaseModel):
    """What the platform keeps about the user."""

    said: Own


class Traveller(Person):
    """The same where bookings are made, with the numbers that prove who travels and who pays."""

    id_number: Annotated[str, Secret]
    passport_number: Annotated[str, Secret]
    credit_card_number: Annotated[str, Secret]
