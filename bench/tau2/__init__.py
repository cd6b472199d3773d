"""The tau2 desks under their policies: governed replay of gold calls, and bent ones."""
