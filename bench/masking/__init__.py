"""Finding values that must not be seen: quality on public sets and time, beside its peers."""
