"""A comparison in lines for a terminal."""

import click

from remit.cli import terminal
from remit.governance import comparison_words
from remit.governance.cell_whole import CellWhole
from remit.governance.comparisons import ComparisonView


def offered(found: CellWhole) -> list[str]:
    """Say what is offered for a changed behaviour, and what came of it when it was last tried."""
    offer, whole = found.comparison.offer, found.comparison.whole
    told = []
    if offer.cases:
        told.append(
            f"{comparison_words.offer_said(offer)} Ask for it with `remit grants compare "
            f"{found.cell.cell}`."
        )
    if whole is not None and whole.current:
        counted = ", ".join(f"{n} {name}" for name, n, _ in comparison_words.counts(whole) if n)
        told.append(f"compared {whole.started:%Y-%m-%d}: {counted}. {comparison_words.PROVES}")
    return told


def lines(view: ComparisonView) -> list[str]:
    """Return a comparison in lines for a terminal."""
    if view.state != "finished":
        return [terminal.wrapped(comparison_words.stands(view))]
    told = [terminal.wrapped(text) for text in comparison_words.found(view)]
    told += [
        terminal.wrapped(f"{number:>4} {name}: {meaning}", first="  ", rest="       ")
        for name, number, meaning in comparison_words.counts(view)
        if number
    ]
    for one in comparison_words.worst_first(view)[0]:
        said = comparison_words.case_said(one)
        why = f" ({terminal.safe(said)})" if said else ""
        told.append(f"  case {one.case_id}: {comparison_words.NAMES[one.came]}{why}")
    return told


def progress(done: int, whole: int) -> None:
    """Show on a terminal how far it is."""
    end = "\n" if done == whole else ""
    click.echo(f"\r{done:,} of {whole:,} cases{end}", err=True, nl=False)
