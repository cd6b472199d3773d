"""HTML for operators, reviewers, owners and auditors."""
