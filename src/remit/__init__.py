"""Remit: put AI workflows into production and keep them there."""

from remit.authoring.case import Case
from remit.authoring.context import Acted, Answer, Classified, Context
from remit.authoring.schema import Secret, System
from remit.authoring.source import Source
from remit.authoring.workflow import Workflow
from remit.domain.money import Money
from remit.errors import ActionDeniedError, EffectFailedError, StepRefused
from remit.intake.fields import (
    Address,
    Agrees,
    CardNumber,
    Country,
    Currency,
    Date,
    Email,
    Format,
    Iban,
    Identifier,
    Instant,
    Language,
    PersonName,
    Phone,
    Private,
    Stated,
    SumOf,
    Time,
    Zone,
)

__all__ = [
    "Acted",
    "ActionDeniedError",
    "Address",
    "Agrees",
    "Answer",
    "CardNumber",
    "Case",
    "Classified",
    "Context",
    "Country",
    "Currency",
    "Date",
    "EffectFailedError",
    "Email",
    "Format",
    "Iban",
    "Identifier",
    "Instant",
    "Language",
    "Money",
    "PersonName",
    "Phone",
    "Private",
    "Secret",
    "Source",
    "Stated",
    "StepRefused",
    "SumOf",
    "System",
    "Time",
    "Workflow",
    "Zone",
]
