"""Check digits of the schemes that python-stdnum lacks, and where it asks for more than it may."""

import re

_SPANISH = "TRWAGMYFPDXBNJZSQVHLCKE"
_DOUBLED = str.maketrans("0123456789", "0246813579")  # the sum of the digits of twice each
_SINGAPOREAN = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK"}


def any(compact: str) -> bool:  # noqa: A001, ARG001 - the shape is all that this scheme checks
    """Tell that a number of the right shape is one: the scheme has no check digit."""
    return True


def luhn(digits: str) -> bool:
    """Tell whether digits pass Luhn's check."""
    doubled = digits[-2::-2].translate(_DOUBLED)
    return (sum(map(int, digits[-1::-2])) + sum(map(int, doubled))) % 10 == 0


def date_like(digits: str) -> bool:
    """Tell whether YYMMDD may be a date."""
    return 1 <= int(digits[2:4]) <= 12 and 1 <= int(digits[4:6]) <= 31


def spanish_dni(compact: str) -> bool:
    """Tell whether the letter fits the seven or eight digits before it."""
    return _SPANISH[int(compact[:-1]) % 23] == compact[-1]


def german_insurance(compact: str) -> bool:
    """Tell whether the check digit of a pension insurance number is right."""
    day = int(compact[2:4])
    if not 1 <= (day - 50 if day > 50 else day) <= 31 or not 1 <= int(compact[4:6]) <= 12:
        return False
    digits = compact[:8] + f"{ord(compact[8]) - 64:02d}" + compact[9:11]
    weighed = (
        int(digit) * int(weight) for digit, weight in zip(digits, "212571212121", strict=True)
    )
    return sum(sum(map(int, str(product))) for product in weighed) % 10 == int(compact[11])


def swedish_number(compact: str) -> bool:
    """Tell whether the last ten digits hold a date and pass Luhn's check."""
    digits = re.sub(r"\D", "", compact)[-10:]
    day = int(digits[4:6])
    dated = digits[:4] + f"{day - 60 if day > 60 else day:02d}"
    return date_like(dated) and luhn(digits)


def finnish_code(compact: str) -> bool:
    """Tell whether the last character fits the nine digits, whichever mark of the century."""
    if not 1 <= int(compact[:2]) <= 31 or not 1 <= int(compact[2:4]) <= 12:
        return False
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(compact[:6] + compact[7:10]) % 31] == compact[10]


def south_african(compact: str) -> bool:
    """Tell whether a date stands first and the whole passes Luhn's check."""
    return date_like(compact[:6]) and compact[10] in "012" and luhn(compact)


def korean_number(compact: str) -> bool:
    """Tell whether the first six digits are a date; numbers given out since 2020 check no more."""
    digits = re.sub(r"\D", "", compact)
    return date_like(digits)


def american_number(compact: str) -> bool:
    """Tell whether a social security number was not one that everybody has seen."""
    digits = re.sub(r"\D", "", compact)
    return digits not in ("078051120", "219099999") and len(set(digits)) > 1


def medicare(compact: str) -> bool:
    """Tell whether the ninth digit fits the eight before it."""
    weighed = (int(d) * w for d, w in zip(compact[:8], (1, 3, 7, 9, 1, 3, 7, 9), strict=True))
    return sum(weighed) % 10 == int(compact[8])


def provider(compact: str) -> bool:
    """Tell whether a provider's number begins with 1 or 2 and passes Luhn's check behind 80840."""
    return compact[0] in "12" and luhn("80840" + compact)


def polish_card(compact: str) -> bool:
    """Tell whether the fourth character of an identity card's number fits the others."""
    values = [int(char, 36) for char in compact]
    return sum(v * w for v, w in zip(values, (7, 3, 1, 9, 7, 3, 1, 7, 3), strict=True)) % 10 == 0


def chinese_number(compact: str) -> bool:
    """Tell whether a birth date stands in the middle and the last character fits (mod 11-2)."""
    if compact[6:8] not in ("18", "19", "20") or not date_like(compact[8:14]):
        return False
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(compact[:17]))
    return "10X98765432"[total % 11] == compact[17]


def singaporean_number(compact: str) -> bool:
    """Tell whether the last letter fits the digits."""
    letters = _SINGAPOREAN.get(compact[0])
    if letters is None:
        return False
    total = sum(int(d) * w for d, w in zip(compact[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    return letters[(total + (4 if compact[0] in "TG" else 0)) % 11] == compact[8]


def japanese_number(compact: str) -> bool:
    """Tell whether the twelfth digit fits the eleven before it."""
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    rest = sum(int(d) * w for d, w in zip(compact[:11], weights, strict=True)) % 11
    return int(compact[11]) == (0 if rest <= 1 else 11 - rest)
