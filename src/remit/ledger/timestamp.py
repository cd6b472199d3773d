"""Time-stamp tokens (RFC 3161) as an auditor reads them: of which note, and by whose word."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import new as hash_of
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

TOKEN_BYTES_MAX: Final = 65_536
CHAIN_MAX: Final = 4
_PARTS_MAX: Final = 64  # of one sequence
_SEQUENCE, _SET, _OCTETS, _OID, _TIME, _SIGNED = 0x30, 0x31, 0x04, 0x06, 0x18, 0xA0
_LONG: Final = 0x80  # a length of several bytes
_GRANTED: Final = (b"\0", b"\1")  # as asked, or with changes
_SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
_TOKEN_INFO: Final = bytes.fromhex("2a864886f70d0109100104")
_CONTENT_TYPE: Final = bytes.fromhex("2a864886f70d010903")
_DIGEST: Final = bytes.fromhex("2a864886f70d010904")
_HASHES: Final = {
    bytes.fromhex(oid): name
    for oids, name in (
        (("608648016503040201", "2a864886f70d01010b", "2a8648ce3d040302"), "sha256"),
        (("608648016503040202", "2a864886f70d01010c", "2a8648ce3d040303"), "sha384"),
        (("608648016503040203", "2a864886f70d01010d", "2a8648ce3d040304"), "sha512"),
    )
    for oid in oids
}
_ALGORITHMS: Final = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_MALFORMED: Final = (
    ValueError, IndexError, KeyError, StopIteration, OverflowError, UnsupportedAlgorithm,
    x509.InvalidVersion,
)  # fmt: skip
_STAMPING: Final = x509.oid.ExtendedKeyUsageOID.TIME_STAMPING


class TokenError(ValueError):
    """A token is malformed, of something else, or signed by somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token that was read: nobody has looked at its signature yet."""

    at: datetime
    info: bytes  # what is signed, by its digest among the attributes
    attributes: bytes
    algorithm: str
    signature: bytes
    certificates: tuple[x509.Certificate, ...]


def read_token(raw: bytes, note: bytes) -> Token:
    """Read an authority's answer and demand that it is of this note; raises `TokenError`."""
    try:
        with warnings.catch_warnings():  # a certificate may be odd in what nobody asks of it
            warnings.simplefilter("ignore")
            return _token(raw, note)
    except TokenError:
        raise
    except _MALFORMED as error:
        raise TokenError(f"a time stamp is malformed ({error})") from error


def signed_by(token: Token, trusted: Sequence[x509.Certificate]) -> bool:
    """Is a token signed by one of these certificates, or by one that they vouch for?

    Whoever signs must be allowed to stamp, and its certificate valid at the time it states.
    """
    given = {_der(one) for one in trusted}
    for signer in (*trusted, *token.certificates):
        if not _verifies(signer, token) or not _may_stamp(signer, token.at):
            continue
        chain = signer
        for _ in range(CHAIN_MAX):
            if _der(chain) in given:
                return True
            above = (one for one in (*trusted, *token.certificates) if _issued(chain, one))
            chain = next(above, chain)
    return False


def _token(raw: bytes, note: bytes) -> Token:
    if len(raw) > TOKEN_BYTES_MAX:
        raise TokenError("a time stamp is too long")
    _, answer = _one(raw, _SEQUENCE)
    status, (_, content) = _parts(answer)[:2]
    if _parts(status[1])[0][1] not in _GRANTED:
        raise TokenError("a time stamp was refused")
    kind, wrapped = _parts(content)
    if kind[1] != _SIGNED_DATA:
        raise TokenError("a time stamp holds no signed data")
    data = _parts(_one(wrapped[1], _SEQUENCE)[1])
    kind, carried = _parts(data[2][1])
    if kind[1] != _TOKEN_INFO:
        raise TokenError("a time stamp signs something else")
    info = _one(carried[1], _OCTETS)[1]
    certificates = [part for tag, part in data[3:] if tag == _SIGNED]
    signers = _parts(data[-1][1])
    if data[-1][0] != _SET or len(signers) != 1:
        raise TokenError("a time stamp has no signer, or several")
    signer = _parts(signers[0][1])
    attributes = next(part for tag, part in signer if tag == _SIGNED)
    algorithm = _HASHES.get(_parts(signer[-2][1])[0][1]) or _HASHES[_parts(signer[2][1])[0][1]]
    told = {_parts(one)[0][1]: _parts(_parts(one)[1][1])[0][1] for _, one in _parts(attributes)}
    if told[_CONTENT_TYPE] != _TOKEN_INFO or told[_DIGEST] != _hash(
        _HASHES[_parts(signer[2][1])[0][1]], info
    ):
        raise TokenError("a time stamp's attributes are of another content")
    fields = _parts(_one(info, _SEQUENCE)[1])
    imprint = _parts(fields[2][1])
    if imprint[1][1] != _hash(_HASHES[_parts(imprint[0][1])[0][1]], note):
        raise TokenError("a time stamp is of another checkpoint")
    at = next(part for tag, part in fields[3:] if tag == _TIME).decode("ascii")
    return Token(
        at=datetime.strptime(at.partition(".")[0].rstrip("Z"), "%Y%m%d%H%M%S").replace(tzinfo=UTC),
        info=info,
        attributes=attributes,
        algorithm=algorithm,
        signature=signer[-1][1] if signer[-1][0] == _OCTETS else signer[-2][1],
        certificates=tuple(
            x509.load_der_x509_certificate(bytes([_SEQUENCE]) + _length(part) + part)
            for tag, part in (_parts(certificates[0]) if certificates else ())
            if tag == _SEQUENCE
        ),
    )


def _verifies(signer: x509.Certificate, token: Token) -> bool:
    """Tell whether a certificate's key verifies the attributes, written as the set they are."""
    data = bytes([_SET]) + _length(token.attributes) + token.attributes
    algorithm = _ALGORITHMS[token.algorithm]
    try:
        key = signer.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(token.signature, data, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(token.signature, data, ec.ECDSA(algorithm))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(token.signature, data)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _may_stamp(signer: x509.Certificate, at: datetime) -> bool:
    try:
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return _STAMPING in usage and signer.not_valid_before_utc <= at <= signer.not_valid_after_utc


def _issued(one: x509.Certificate, by: x509.Certificate) -> bool:
    if _der(one) == _der(by):
        return False
    try:
        one.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _hash(name: str, data: bytes) -> bytes:
    return hash_of(name, data).digest()


# -- DER: a tag, a length, what it holds --------------------------------------------------------


def _one(data: bytes, tag: int) -> tuple[int, bytes]:
    found = _parts(data)
    if len(found) != 1 or found[0][0] != tag:
        raise TokenError("a part of a time stamp is of another kind")
    return found[0]


def _parts(data: bytes) -> list[tuple[int, bytes]]:
    """Return tag and content of everything that stands in a row; lengths in their one form."""
    found, at = [], 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length >= _LONG:
            width = length - _LONG
            length, at = int.from_bytes(data[at : at + width], "big"), at + width
        content = data[at : at + length]
        if len(content) != length or _length(content) != data[at - len(_length(content)) : at]:
            raise TokenError("a length in a time stamp is wrong")
        found.append((tag, content))
        at += length
        if len(found) > _PARTS_MAX:
            raise TokenError("a time stamp has too many parts")
    return found


def _length(content: bytes) -> bytes:
    size = len(content)
    if size < _LONG:
        return bytes([size])
    written = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([_LONG + len(written)]) + written
