"""What people decide: approvals, grants, owners."""
