"""What a pruned case leaves behind: no row that a rebuild from the entries that are left lacks."""

from pathlib import Path

from remit.store import projections, tables
from remit.store.database import open_database
from remit.store.prunes import OF_CASES

# Rows of a case that outlive its entries on purpose, or are taken away by another key.
OTHERWISE = {
    "compared_cases": "what a comparison found stands in the stream of its workflow",
    "checks": "what a check measured stands in the stream of checks, not in that of its case",
    "erasures": "an erasure stands in the ledger's own stream",
    "erased_keys": "an erasure stands in the ledger's own stream",
}


def test_every_projected_table_with_rows_of_cases_is_forgotten_with_them(tmp_path: Path) -> None:
    database = open_database(
        f"sqlite:///{tmp_path}/remit.db", schema=projections.SCHEMA, durability_check=False
    )
    try:
        of_cases = database.read(
            lambda c: {
                name for name in projections.TABLES if "case_id" in tables.table(c, name).columns
            }
        )
    finally:
        database.close()
    assert of_cases - set(OTHERWISE) == set(OF_CASES)
