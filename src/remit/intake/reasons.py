"""The closed set of reasons why input waits for a person, each with its sentence."""

from enum import StrEnum

_SEEN_MAX = 60


class ReasonCode(StrEnum):
    """Why a value, or a message, has no certain reading."""

    DATE_ORDER_AMBIGUOUS = "date.order_ambiguous"
    DATE_TWO_DIGIT_YEAR = "date.two_digit_year"
    DATE_IMPOSSIBLE = "date.impossible"
    DATE_INCOMPLETE = "date.incomplete"
    DATE_NOT_A_DATE = "date.not_a_date"
    DATE_RELATIVE = "date.relative"
    DATE_WEEKDAY_CONFLICT = "date.weekday_conflict"
    DATE_CALENDAR_UNCLEAR = "date.calendar_unclear"
    DATE_MONTH_AMBIGUOUS = "date.month_ambiguous"
    DATE_SERIAL_NUMBER = "date.serial_number"
    TIME_SKIPPED = "time.skipped"
    TIME_REPEATED = "time.repeated"
    TIME_IMPOSSIBLE = "time.impossible"
    TIME_HALF_OF_DAY = "time.half_of_day"
    TIME_NEEDS_DATE = "time.needs_date"
    ZONE_AMBIGUOUS = "zone.ambiguous"
    ZONE_UNKNOWN = "zone.unknown"
    AMOUNT_SEPARATOR_AMBIGUOUS = "amount.separator_ambiguous"
    AMOUNT_MALFORMED = "amount.malformed"
    AMOUNT_SEVERAL = "amount.several"
    AMOUNT_EXPRESSION = "amount.expression"
    AMOUNT_ABBREVIATED = "amount.abbreviated"
    AMOUNT_NOT_A_NUMBER = "amount.not_a_number"
    AMOUNT_PRECISION = "amount.precision"
    CURRENCY_MISSING = "currency.missing"
    CURRENCY_AMBIGUOUS = "currency.ambiguous"
    CURRENCY_WITHDRAWN = "currency.withdrawn"
    PHONE_REGION_MISSING = "phone.region_missing"
    PHONE_NOT_VALID = "phone.not_valid"
    PHONE_SEVERAL = "phone.several"
    PHONE_SHORT_CODE = "phone.short_code"
    EMAIL_SYNTAX = "email.syntax"
    EMAIL_SEVERAL = "email.several"
    EMAIL_RESERVED_DOMAIN = "email.reserved_domain"
    ID_CHECKSUM = "id.checksum"
    ID_LENGTH = "id.length"
    ID_DAMAGED = "id.damaged"
    ID_SEVERAL = "id.several"
    ID_SCHEME_AMBIGUOUS = "id.scheme_ambiguous"
    COUNTRY_UNKNOWN = "country.unknown"
    COUNTRY_AMBIGUOUS = "country.ambiguous"
    TEXT_CHARSET_UNCLEAR = "text.charset_unclear"
    TEXT_UNDECODABLE = "text.undecodable"
    TEXT_MOJIBAKE = "text.mojibake"
    MAIL_MALFORMED = "mail.malformed"
    MAIL_TOO_DEEP = "mail.too_deep"
    MAIL_TOO_LARGE = "mail.too_large"
    ATTACHMENT_TYPE_MISMATCH = "attachment.type_mismatch"
    ATTACHMENT_ENCRYPTED = "attachment.encrypted"
    ATTACHMENT_TOO_LARGE = "attachment.too_large"
    FIELD_MISSING = "field.missing"
    FIELD_TOO_LONG = "field.too_long"
    FIELD_CONFLICT = "field.conflict"
    FIELD_EXTRA_MISSING = "field.extra_missing"
    INTAKE_CRASHED = "intake.crashed"
    INTAKE_MASKING_FAILED = "intake.masking_failed"


SENTENCES: dict[ReasonCode, str] = {
    ReasonCode.DATE_ORDER_AMBIGUOUS: (
        "day and month could be swapped in {seen}; the sender's date order is not known"
    ),
    ReasonCode.DATE_TWO_DIGIT_YEAR: (
        "the century of the year in {seen} is not written; give four digits"
    ),
    ReasonCode.DATE_IMPOSSIBLE: "no calendar has the day {seen}; ask which day is meant",
    ReasonCode.DATE_INCOMPLETE: (
        "{seen} does not name a day, a month and a year; add what is missing"
    ),
    ReasonCode.DATE_NOT_A_DATE: "{seen} is not a date; write it as year-month-day",
    ReasonCode.DATE_RELATIVE: (
        "{seen} depends on the sender's day, and their time zone is not known; give the date"
    ),
    ReasonCode.DATE_WEEKDAY_CONFLICT: (
        "the weekday in {seen} does not fall on that date; ask which is meant"
    ),
    ReasonCode.DATE_CALENDAR_UNCLEAR: (
        "the year in {seen} belongs to another calendar; confirm the year"
    ),
    ReasonCode.DATE_MONTH_AMBIGUOUS: (
        "the month in {seen} is another one in another language; give the month as a number"
    ),
    ReasonCode.DATE_SERIAL_NUMBER: (
        "{seen} is a bare number that some systems use for a date; confirm the date"
    ),
    ReasonCode.TIME_SKIPPED: "the clocks skip {seen} in that zone; give the offset from UTC",
    ReasonCode.TIME_REPEATED: "{seen} happens twice in that zone; give the offset from UTC",
    ReasonCode.TIME_IMPOSSIBLE: (
        "{seen} is no time that a clock shows; write 14:30, and with its date 2025-03-04T14:30"
    ),
    ReasonCode.TIME_HALF_OF_DAY: (
        "{seen} could be before or after noon; write it with two digits, as 03:00 or 15:00"
    ),
    ReasonCode.TIME_NEEDS_DATE: (
        "{seen} names a zone, which says a moment only together with a date; add the date"
    ),
    ReasonCode.ZONE_AMBIGUOUS: (
        "the time zone in {seen} means several zones; give the offset from UTC"
    ),
    ReasonCode.ZONE_UNKNOWN: "the time zone of {seen} is not known; give the offset from UTC",
    ReasonCode.AMOUNT_SEPARATOR_AMBIGUOUS: (
        "the separator in {seen} could mark thousands or decimals; the sender's format is unknown"
    ),
    ReasonCode.AMOUNT_MALFORMED: (
        "the digits in {seen} are not grouped as any number is; write the amount again"
    ),
    ReasonCode.AMOUNT_SEVERAL: "{seen} holds more than one amount; pick one",
    ReasonCode.AMOUNT_EXPRESSION: (
        "{seen} is a calculation, which is never computed; give the result"
    ),
    ReasonCode.AMOUNT_ABBREVIATED: "{seen} is abbreviated; write all digits",
    ReasonCode.AMOUNT_NOT_A_NUMBER: "{seen} holds no amount; write it as 19.00 EUR",
    ReasonCode.AMOUNT_PRECISION: (
        "{seen} is finer than the currency's smallest unit; confirm the amount"
    ),
    ReasonCode.CURRENCY_MISSING: "{seen} names no currency; add its three letters",
    ReasonCode.CURRENCY_AMBIGUOUS: (
        "the currency sign in {seen} is used by several currencies; add its three letters"
    ),
    ReasonCode.CURRENCY_WITHDRAWN: (
        "the currency in {seen} is no longer in use; confirm the currency"
    ),
    ReasonCode.PHONE_REGION_MISSING: (
        "a national phone number without a known country; write it with + and country code"
    ),
    ReasonCode.PHONE_NOT_VALID: (
        "no phone number in any numbering plan; write it with + and country code"
    ),
    ReasonCode.PHONE_SEVERAL: "more than one phone number; pick one",
    ReasonCode.PHONE_SHORT_CODE: "a short code is not a phone number; give the full number",
    ReasonCode.EMAIL_SYNTAX: "not an e-mail address that could receive mail; correct it",
    ReasonCode.EMAIL_SEVERAL: "more than one e-mail address; pick one",
    ReasonCode.EMAIL_RESERVED_DOMAIN: (
        "the e-mail domain is reserved and receives no mail; correct it"
    ),
    ReasonCode.ID_CHECKSUM: "the check digits do not fit; a digit is wrong or missing",
    ReasonCode.ID_LENGTH: (
        "not of the length or form that this number has; compare it with its source"
    ),
    ReasonCode.ID_DAMAGED: "a spreadsheet has rounded {seen}; take the number from its source",
    ReasonCode.ID_SEVERAL: "the text names several numbers; pick the one that is meant",
    ReasonCode.ID_SCHEME_AMBIGUOUS: "the number fits several schemes; say which it is",
    ReasonCode.COUNTRY_UNKNOWN: "{seen} is no country; write its two letters (ISO 3166-1)",
    ReasonCode.COUNTRY_AMBIGUOUS: (
        "{seen} is the name of more than one place; write the country's two letters"
    ),
    ReasonCode.TEXT_CHARSET_UNCLEAR: (
        "the letters of this text can be read in several ways; ask for it in UTF-8"
    ),
    ReasonCode.TEXT_MOJIBAKE: (
        "this text seems to have been decoded wrongly before it came; compare it with its source"
    ),
    ReasonCode.MAIL_MALFORMED: "the message is not built as mail is; ask for it again",
    ReasonCode.MAIL_TOO_DEEP: "the message nests more parts than are read; ask for it without",
    ReasonCode.MAIL_TOO_LARGE: "the message is larger than is read; ask for less",
    ReasonCode.ATTACHMENT_TYPE_MISMATCH: (
        "the attachment is of another type than its name or sender says; look at it apart"
    ),
    ReasonCode.ATTACHMENT_ENCRYPTED: "the attachment is encrypted; ask for it in the clear",
    ReasonCode.ATTACHMENT_TOO_LARGE: "the attachment is larger than is read; ask for less",
    ReasonCode.TEXT_UNDECODABLE: (
        "not text or a value that can be stored (NUL, half a character, no finite number)"
    ),
    ReasonCode.FIELD_MISSING: "a required field is empty; fill it in",
    ReasonCode.FIELD_TOO_LONG: "the text is longer than a field may be; shorten it",
    ReasonCode.FIELD_CONFLICT: (
        "two grounds for reading {seen} contradict each other; say which holds"
    ),
    ReasonCode.FIELD_EXTRA_MISSING: (
        "reading {seen} needs the extra `intake`; install it, or give the canonical form"
    ),
    ReasonCode.INTAKE_CRASHED: "reading this message stopped twice; a person must look at it",
    ReasonCode.INTAKE_MASKING_FAILED: (
        "masking failed for this message; it stays sealed until masking works"
    ),
}


def sentence(code: ReasonCode, *, seen: str = "") -> str:
    """Return the sentence of a code; `seen` is the input where it is not private."""
    shown = f"`{seen[:_SEEN_MAX]}`" if seen else "the value"
    return SENTENCES[code].format(seen=shown)
