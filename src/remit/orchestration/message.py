"""One message on its way in: read once, masked wherever it is shown."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace

from pydantic import ValidationError

from remit.authoring.case import Case
from remit.domain.frozen import dataclass
from remit.domain.value import Json
from remit.errors import MaskingError
from remit.intake import quarantine
from remit.intake.choices import Choice
from remit.intake.evidence import ROLE as GROUNDS
from remit.intake.evidence import Around
from remit.intake.fields import private_paths, specs_of
from remit.intake.letters import Letter
from remit.intake.mask import Masker
from remit.intake.normalise import NormaliseContext, normalise_case, read_value
from remit.intake.outcome import Kind
from remit.intake.quarantine import QuarantineItem
from remit.intake.reasons import ReasonCode
from remit.intake.senders import Senders
from remit.orchestration.arguments import forms
from remit.orchestration.steps import canonical_json

FAULTS_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What became of a message: the payload of its entry, and why it waits if it does."""

    payload: Mapping[str, Json]
    items: tuple[QuarantineItem, ...] = ()


class Message:
    """A message with its fields; a mail's letter says more of them."""

    def __init__(
        self,
        *,
        case: type[Case],
        raw: Mapping[str, object],
        masker: Masker,
        context: NormaliseContext,
        letter: Letter | None = None,
        senders: Senders | None = None,
        around: Around | None = None,
    ) -> None:
        self._case = case
        self._raw = raw
        self._masker = masker
        self._specs = specs_of(case)
        self._around = around or Around()
        country, self._country = self._sender(senders, raw, context)
        self._context = replace(context, country=country) if country else context
        self._private = private_paths(case)
        self._letter = letter
        normalised = normalise_case(self._specs, raw, self._context, columns=self._around.columns)
        self.normalised = normalised if letter is None else letter.over(normalised)

    def read(self) -> Reading:
        """Return what becomes of the message; where masking fails it waits, and shows nothing."""
        try:
            items = self.items()
            if not items:
                return Reading(payload={"fields": self.fields()})
            text = self._masker.mask_json(form_of(self._raw), private=self._private)
        except MaskingError:
            items, text = (QuarantineItem.whole(ReasonCode.INTAKE_MASKING_FAILED),), {}
        shown: dict[str, Json] = {"items": [_item(item) for item in items], "text": text}
        return Reading(payload={"reasons": shown}, items=items)

    def grounds(self) -> dict[str, Json]:
        """Return what its readings rest on, as it is sealed beside them; empty for nothing."""
        kept = self._around.form(self.normalised, self._context, self._country)
        return {GROUNDS: kept} if kept else {}

    def _sender(
        self, senders: Senders | None, raw: Mapping[str, object], context: NormaliseContext
    ) -> tuple[str | None, str]:
        """Return the sender's country, and from where it is known."""
        if senders is None:
            return None, ""
        spec = next((one for one in self._specs if one.name == senders.by), None)
        given = raw.get(senders.by)
        if spec is None or given in (None, ""):
            return None, ""
        return senders.country(read_value(spec, given, context).value) or (None, "")

    def items(self) -> tuple[QuarantineItem, ...]:
        """Return why the message has no certain reading; empty when it has one."""
        if self._letter is not None and self._letter.fault is not None:
            return (QuarantineItem.whole(self._letter.fault),)
        if self.normalised.doubtful(self._raw):
            return quarantine.items(
                self.normalised,
                self._raw,
                specs=self._specs,
                context=self._context,
                mask=_mask(self._masker),
            )
        return self._unfit()

    def picked(self, choices: Mapping[str, str]) -> dict[str, tuple[Choice, quarantine.Offer]]:
        """Return the readings that a person picked; raises `IntakeError`."""
        return quarantine.chosen(
            self.normalised,
            self._raw,
            choices,
            specs=self._specs,
            context=self._context,
            mask=_mask(self._masker),
        )

    def shown(self, given: Mapping[str, str]) -> dict[str, Json]:
        """Return what a person typed, masked as the fields that it stands for."""
        masked = self._masker.mask_json(dict(given), private=self._private)
        return masked if isinstance(masked, dict) else {}

    def fields(self) -> Json:
        """Return the masked fields; records in the form that their declared type gives them."""
        values = self.normalised.values()
        case = self._case.model_validate(values)
        for name, field in self.normalised.fields.items():
            if field.kind is Kind.RECORD and name in values:
                values[name] = forms({name: getattr(case, name)})[name]
        return self._masker.mask_json(dict(values), private=self._private)

    def _unfit(self) -> tuple[QuarantineItem, ...]:
        try:
            self._case.model_validate(self.normalised.values())
        except ValidationError as error:
            return tuple(
                QuarantineItem(
                    field=".".join(map(str, fault["loc"])),
                    code=ReasonCode.FIELD_MISSING,
                    sentence=f"does not fit its declaration: {fault['type'].replace('_', ' ')}",
                )
                for fault in error.errors(include_input=False, include_url=False)[:FAULTS_MAX]
            )
        return ()


def form_of(raw: Mapping[str, object]) -> dict[str, Json]:
    """Return a message as it is kept."""
    return {str(name): canonical_json(_clean(value)) for name, value in raw.items()}


def _item(item: QuarantineItem) -> Json:
    return {
        name: canonical_json(list(value) if isinstance(value, tuple) else value)
        for name, value in asdict(item).items()
    }


def _mask(masker: Masker) -> Callable[[str, str | None], str]:
    def mask(text: str, kind: str | None) -> str:
        if kind is None:
            return masker.mask_text(text).text
        return masker.mask_value(kind, text)

    return mask


def _clean(value: object) -> object:
    """Half surrogate pairs cannot be stored; they are shown as replacement characters."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value
