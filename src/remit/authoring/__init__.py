"""What workflow authors write: workflows, cases, tools, actions and their sources."""
