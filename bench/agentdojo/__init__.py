"""AgentDojo in its worst case: an agent that obeys the attacker, before Remit's gate."""
