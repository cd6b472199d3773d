"""JSON over HTTP: approvals, cases, sessions, health, and the document that describes them."""
