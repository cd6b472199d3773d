"""What the record proves: pure mathematics on plain numbers, standard library only."""
