"""Values that nobody can own: what may stand in for a token, drawn from its own characters.

Ranges: `.invalid` and `.example` (RFC 2606, RFC 6761), the IPv4 and IPv6 blocks for documentation
(RFC 5737, RFC 3849), the numbers 555-0100 to 555-0199 of the North American plan, which are kept
for fiction, and the country code `ZZ`, which ISO 3166-1 leaves to users.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from remit.intake import tokens
from remit.intake.contacts import FICTIONAL_EACH, fictional_areas, fictional_number

Forms = tuple[str, ...]  # one value, each way to write it; the first is given

HOSTS = ("pii.invalid", "pii.example")  # some validators refuse the first
_NETWORKS = tuple(int(IPv4Address(one)) for one in ("192.0.2.0", "198.51.100.0", "203.0.113.0"))
_IPV4 = tuple(str(IPv4Address(one + host)) for one in _NETWORKS for host in range(1, 255))
_IPV6 = int(IPv6Address("2001:db8::"))
_IBAN_FILL = "000"  # with a code, the eleven characters that the shortest account has


def surrogates_for(token: str) -> Iterator[Forms]:
    """Yield what may stand in for a token, the best first; nothing where its kind has no range.

    The same token is always given the same. What has room for all forty bits of a token's code is
    its own; of addresses and numbers there are few, and the next free one follows.
    """
    kind, code = tokens.type_of(token), token.rpartition("_")[2]
    match kind:
        case "EMAIL":
            yield from ((f"{code.lower()}@{host}",) for host in HOSTS)
        case "URL":
            yield from ((f"https://{host}/{code.lower()}",) for host in HOSTS)
        case "IBAN":
            yield _iban(code)
        case "IPADDR":
            yield from ((_IPV4[place],) for place in _places(code, len(_IPV4)))
            yield (str(IPv6Address(_IPV6 + tokens.number_of(code))),)
        case "PHONE":
            there_are = len(fictional_areas()) * FICTIONAL_EACH
            yield from map(fictional_number, _places(code, there_are))


def _places(code: str, there_are: int) -> Iterator[int]:
    """Yield every place of a range once, from that of the code on."""
    first = tokens.number_of(code)
    return ((first + step) % there_are for step in range(there_are))


def _iban(code: str) -> Forms:
    account = _IBAN_FILL + code
    digits = "".join(str(int(char, 36)) for char in f"{account}ZZ00")
    whole = f"ZZ{98 - int(digits) % 97:02}{account}"
    return whole, " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))
