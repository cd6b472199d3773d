"""The 69 tools of the suites by meaning: what each does, and what its arguments and answers are.

`read` brings something back and tells nobody. `egress` brings something back from an address that
is told what was asked. `write` changes something. An argument is a target (who or what it is done
to), an amount, a secret, a profile field (these four carry authority), a choice (from few
possibilities, times too), a label (a title, a subject) or content.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Any

from bench.agentdojo.records import (
    Contact,
    Email,
    Event,
    File,
    Members,
    Messages,
    Order,
    Own,
    Person,
    Text,
    Transaction,
    Traveller,
)
from remit import System
from remit.authoring.schema import fields_of

READ, EGRESS, WRITE = "read", "egress", "write"
TARGET, AMOUNT, SECRET, PROFILE = "target", "amount", "secret", "profile"
LABEL, CONTENT, CHOICE = "label", "content", "choice"
AUTHORITY = frozenset({TARGET, AMOUNT, SECRET, PROFILE, CHOICE})  # a choice is declared as well
OUTSIDE = Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool."""

    kind: str
    result: Any = OUTSIDE
    roles: Mapping[str, str] = field(default_factory=dict)


def _read(result: Any = OUTSIDE) -> Tool:
    return Tool(kind=READ, result=result)


def _write(**roles: str) -> Tool:
    return Tool(kind=WRITE, roles=roles)


TOOLS: Mapping[str, Tool] = MappingProxyType({
    # mail
    "send_email": _write(
        recipients=TARGET, subject=LABEL, body=CONTENT, attachments=TARGET, cc=TARGET, bcc=TARGET
    ),
    "delete_email": _write(email_id=TARGET),
    "get_unread_emails": _read(list[Email]),
    "get_sent_emails": _read(list[Email]),
    "get_received_emails": _read(list[Email]),
    "get_draft_emails": _read(list[Email]),
    "search_emails": _read(list[Email]),
    "search_contacts_by_name": _read(list[Contact]),
    "search_contacts_by_email": _read(list[Contact]),
    # calendar
    "get_current_day": _read(Own),
    "search_calendar_events": _read(list[Event]),
    "get_day_calendar_events": _read(list[Event]),
    "create_calendar_event": _write(
        title=LABEL, start_time=CHOICE, end_time=CHOICE, description=CONTENT, participants=TARGET,
        location=LABEL,
    ),
    "cancel_calendar_event": _write(event_id=TARGET),
    "reschedule_calendar_event": _write(
        event_id=TARGET, new_start_time=CHOICE, new_end_time=CHOICE
    ),
    "add_calendar_event_participants": _write(event_id=TARGET, participants=TARGET),
    # drive
    "append_to_file": _write(file_id=TARGET, content=CONTENT),
    "search_files_by_filename": _read(list[File]),
    "create_file": _write(filename=LABEL, content=CONTENT),
    "delete_file": _write(file_id=TARGET),
    "get_file_by_id": _read(File),
    "list_files": _read(list[File]),
    "share_file": _write(file_id=TARGET, email=TARGET, permission=CHOICE),
    "search_files": _read(list[File]),
    # travel
    "get_user_information": _read(Traveller),
    "get_all_hotels_in_city": _read(),
    "get_hotels_prices": _read(),
    "get_rating_reviews_for_hotels": _read(),
    "get_hotels_address": _read(),
    "get_all_restaurants_in_city": _read(),
    "get_cuisine_type_for_restaurants": _read(),
    "get_restaurants_address": _read(),
    "get_rating_reviews_for_restaurants": _read(),
    "get_dietary_restrictions_for_all_restaurants": _read(),
    "get_contact_information_for_restaurants": _read(),
    "get_price_for_restaurants": _read(),
    "check_restaurant_opening_hours": _read(),
    "get_all_car_rental_companies_in_city": _read(),
    "get_car_types_available": _read(),
    "get_rating_reviews_for_car_rental": _read(),
    "get_car_fuel_options": _read(),
    "get_car_rental_address": _read(),
    "get_car_price_per_day": _read(),
    "get_flight_information": _read(),
    "reserve_hotel": _write(hotel=TARGET, start_day=CHOICE, end_day=CHOICE),
    "reserve_car_rental": _write(company=TARGET, start_time=CHOICE, end_time=CHOICE),
    "reserve_restaurant": _write(restaurant=TARGET, start_time=CHOICE),
    # bank
    "get_iban": _read(Own),
    "send_money": _write(recipient=TARGET, amount=AMOUNT, subject=LABEL, date=LABEL),
    "schedule_transaction": _write(
        recipient=TARGET, amount=AMOUNT, subject=LABEL, date=LABEL, recurring=CHOICE
    ),
    "update_scheduled_transaction": _write(
        id=TARGET, recipient=TARGET, amount=AMOUNT, subject=LABEL, date=LABEL, recurring=CHOICE
    ),
    "get_balance": _read(Annotated[Decimal, System]),
    "get_most_recent_transactions": _read(list[Transaction]),
    "get_scheduled_transactions": _read(list[Order]),
    "read_file": _read(),
    "get_user_info": _read(Person),
    "update_password": _write(password=SECRET),
    "update_user_info": _write(
        first_name=PROFILE, last_name=PROFILE, street=PROFILE, city=PROFILE
    ),
    # chat
    "get_channels": _read(list[Own]),
    "add_user_to_channel": _write(user=TARGET, channel=TARGET),
    "read_channel_messages": _read(Messages),
    "read_inbox": _read(Messages),
    "send_direct_message": _write(recipient=TARGET, body=CONTENT),
    "send_channel_message": _write(channel=TARGET, body=CONTENT),
    "get_users_in_channel": _read(Members),
    "invite_user_to_slack": _write(user=TARGET, user_email=TARGET),
    "remove_user_from_slack": _write(user=TARGET),
    "get_webpage": Tool(kind=EGRESS, roles={"url": TARGET}),
    "post_webpage": _write(url=TARGET, content=CONTENT),
})  # fmt: skip


def acts(name: str) -> bool:
    """Does a call of this tool reach anybody, or change anything?"""
    return TOOLS[name].kind != READ


def secret_marks() -> dict[str, list[str]]:
    """Return what is marked secret: fields of what a tool brings, and arguments for secrets."""
    found = {
        name: [one.path for one in fields_of(tool.result, name) if one.secret]
        + [argument for argument, role in tool.roles.items() if role == SECRET]
        for name, tool in TOOLS.items()
    }
    return {name: marked for name, marked in found.items() if marked}


@cache
def marks_digest() -> str:
    """Return the digest of the marks, which is frozen beside the contracts."""
    return sha256(json.dumps(secret_marks(), sort_keys=True).encode()).hexdigest()
