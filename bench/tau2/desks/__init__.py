"""The desks of tau2, one folder each: code, rules, examples."""
