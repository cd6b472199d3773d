"""What runs: admission, replay, proposals, the executor, rollback and the dispatcher."""
