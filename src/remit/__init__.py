"""Remit: put AI workflows into production and keep them there."""

from remit.authoring.case import Case
from remit.authoring.context import Acted, Answer, Classified, Context
from remit.authoring.schema import System
from remit.authoring.source import Source
from remit.authoring.workflow import Workflow
from remit.domain.money import Money
from remit.errors import ActionDeniedError, EffectFailedError, StepRefused
from remit.intake.fields import (
    CardNumber,
    Date,
    Email,
    Iban,
    Identifier,
    Instant,
    PersonName,
    Phone,
    Private,
    Stated,
)

__all__ = [
    "Acted",
    "ActionDeniedError",
    "Answer",
    "CardNumber",
    "Case",
    "Classified",
    "Context",
    "Date",
    "EffectFailedError",
    "Email",
    "Iban",
    "Identifier",
    "Instant",
    "Money",
    "PersonName",
    "Phone",
    "Private",
    "Source",
    "Stated",
    "StepRefused",
    "System",
    "Workflow",
]
