"""Which column of a file becomes which field of a case."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from remit.errors import InputFileError, SettingsError

ID = "id"
NAMES_SHOWN_MAX = 12

Message = tuple[dict[str, object], str | None]  # fields of the case, external id


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The map of one file; what no field asks for is left out."""

    sources: Mapping[str, str]  # field -> column
    constants: Mapping[str, str] = field(default_factory=dict)  # field -> the same for every row
    required: frozenset[str] = frozenset()  # fields that every case needs
    named: frozenset[str] = frozenset()  # columns that somebody named on the command line
    id_column: str | None = None

    def message(self, row: Mapping[str, Any]) -> Message:
        """Return the fields of a row and its external id.

        Raises `InputFileError` when the id column that was named is empty in this row.
        """
        fields = {name: row[column] for name, column in self.sources.items() if column in row}
        fields.update(self.constants)
        external = row.get(ID if self.id_column is None else self.id_column)
        if isinstance(external, dict | list | None) or str(external).strip() == "":
            if self.id_column is not None:
                raise InputFileError(f"the column `{self.id_column}` holds no id in this row")
            return fields, None
        return fields, str(external)

    def check(self, rows: Sequence[Mapping[str, Any]], file: str) -> None:
        """Refuse a file whose first rows hold no column for a required field.

        Raises `InputFileError` naming the column and how to map another.
        """
        present = {column for row in rows for column in row}
        if not rows:
            return
        needed = {self.sources[name]: name for name in sorted(self.required - set(self.constants))}
        needed |= {column: "" for column in self.named if column not in needed}
        if self.id_column is not None:
            needed.setdefault(self.id_column, "")
        for column, name in needed.items():
            if column in present:
                continue
            there = ", ".join(f"`{one}`" for one in sorted(present)[:NAMES_SHOWN_MAX])
            why = f" for the field `{name}`; write `--map {name}=COLUMN`" if name else "; name one"
            raise InputFileError(
                f"`{file}` has no column `{column}`{why}"
                f"{f' or `--set {name}=VALUE`' if name else ''} (it has: {there})"
            )


def columns(
    fields: Mapping[str, bool],
    settings: Mapping[str, str],
    *,
    maps: Iterable[str] = (),
    constants: Iterable[str] = (),
    id_column: str | None = None,
) -> Columns:
    """Return the map for the fields of a case (name -> whether required).

    `settings` is `[workflow.columns]`; the command line wins. Raises `SettingsError` for a field
    that the case does not have and for what is not `field=value`.
    """
    given, fixed = dict(_pairs(maps, "--map")), dict(_pairs(constants, "--set"))
    for place, names in (
        ("`[workflow.columns]`", settings), ("`--map`", given), ("`--set`", fixed)
    ):  # fmt: skip
        for name in names:
            if name not in fields:
                raise SettingsError(
                    f"{place} names `{name}`, which is no field of the case; "
                    f"fields are: {', '.join(f'`{one}`' for one in fields)}"
                )
    sources = {name: given.get(name, settings.get(name, name)) for name in fields}
    return Columns(
        sources={name: column for name, column in sources.items() if name not in fixed},
        constants=fixed,
        required=frozenset(name for name, required in fields.items() if required) - set(fixed),
        named=frozenset(column for name, column in given.items() if name not in fixed),
        id_column=id_column,
    )


def _pairs(texts: Iterable[str], option: str) -> Iterable[tuple[str, str]]:
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip() or (option == "--map" and not value):
            raise SettingsError(f"`{option} {text}` is not `field=value`; write it so")
        yield name.strip(), value
