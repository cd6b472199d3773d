"""From settings to what a workflow runs with: code, prompts, rules, knowledge, connectors."""

from remit.assembly.code import load_module, workflow_of
from remit.assembly.connectors import connectors_of, joined
from remit.assembly.equipping import Assembled, assemble
from remit.assembly.models import routes_of
from remit.assembly.rules import book_of
from remit.assembly.training import encoder_of, kept, labelled, trained

__all__ = [
    "Assembled",
    "assemble",
    "book_of",
    "connectors_of",
    "encoder_of",
    "joined",
    "kept",
    "labelled",
    "load_module",
    "routes_of",
    "trained",
    "workflow_of",
]
