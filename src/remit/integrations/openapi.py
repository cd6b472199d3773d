"""A connector for any system that is described by an OpenAPI document."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from remit.domain.value import Json
from remit.errors import (
    ArgumentsInvalidError,
    CallRefusedError,
    EffectUncertainError,
    ManifestInvalidError,
    RecordNotFoundError,
    RemitError,
    ResultInvalidError,
)
from remit.integrations import document as documents
from remit.integrations import schema, terms
from remit.integrations.connector import (
    Absent,
    Accepted,
    Call,
    Finding,
    Found,
    Health,
    Manifest,
    NotSent,
    Operation,
    OperationKind,
    Outcome,
    Performed,
    Receipt,
    Record,
    Refused,
    Unknown,
)
from remit.integrations.document import Described
from remit.integrations.exchange import Answered, Asked, parsed, plain
from remit.integrations.http import HttpClient
from remit.integrations.keywords import Node
from remit.integrations.request import request

HEALTH_SECONDS_MAX = 5.0

# Answers that say that this request changed nothing (RFC 9110, section 15.5; RFC 6585). 408 is not
# among them: the server may have begun.
_DEFINITE = frozenset({*range(400, 418), 421, 422, 423, 424, 425, 426, 428, 429, 431, 451}) - {408}
# Answers that may be about the key and not about the request (draft-ietf-httpapi-idempotency-key).
_ABOUT_KEYS = frozenset({409, 422})
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_UNKNOWN, _FORBIDDEN, _MISSING, _CONFLICT = 401, 403, 404, 409
_ACCEPTED, _EMPTY = 202, 204


class OpenApiConnector:
    """One system behind one document; its address and its key come from settings only."""

    def __init__(
        self,
        *,
        name: str,
        document: bytes,
        url: str,
        key: str | None,
        settings: Mapping[str, Mapping[str, object]],
        client: HttpClient,
        health: str | None = None,
    ) -> None:
        """Read the document; raises `ManifestInvalidError`.

        `key` is a reference such as `env:SHOP_KEY`; the executor turns it into the credential of
        each call. `health` names a read without arguments.
        """
        self._name = name
        self._url = url.rstrip("/")
        self._client = client
        self._health = health
        self._document = documents.document(document, connector=name)
        self._terms = terms.terms(self._document, connector=name, settings=settings)
        self._operations = {
            one.name: _without(one, self._terms[one.name].keys)
            for one in self._document.operations.values()
        }
        if health is not None and health not in self._operations:
            raise ManifestInvalidError(f"`{name}` has no `{health}` to ask for its health")
        self._key_refused = False
        self.key = key
        self.manifest = Manifest(
            connector=name,
            operations={
                one.name: _operation(one, self._terms[one.name])
                for one in self._operations.values()
            },
        )

    @property
    def digest(self) -> str:
        """The digest of the document: part of the fingerprint of every workflow that uses it."""
        return self._document.digest

    async def read(self, call: Call, *, credential: str | None, timeout_seconds: float) -> Record:
        """Read; see `Connector.read`."""
        described = self._described(call, OperationKind.READ)
        asked = self._asked(described, call.arguments, credential, key=None)
        answered = await self._client.read(asked, timeout_seconds=timeout_seconds)
        self._notice(answered)
        if answered.status // 100 == 4:  # noqa: PLR2004
            raise self._refusal(described, answered)
        if answered.status // 100 != 2:  # noqa: PLR2004
            raise ResultInvalidError(f"{self._said(described, answered)}, which is no answer")
        return Record(value=self._value(described, answered), status=answered.status)

    async def perform(
        self, call: Call, *, key: str, credential: str | None, timeout_seconds: float
    ) -> Outcome:
        """Perform once; see `Connector.perform`."""
        try:
            described = self._described(call, OperationKind.WRITE)
            asked = self._asked(described, call.arguments, credential, key=key)
        except RemitError as error:
            return NotSent(code=error.code, sentence=str(error))
        answered = await self._client.write(asked, timeout_seconds=timeout_seconds)
        if isinstance(answered, NotSent):
            return answered
        self._notice(answered)
        if answered.status // 100 == 2:  # noqa: PLR2004
            return self._done(described, answered, key)
        if answered.status not in _DEFINITE:
            raise EffectUncertainError(
                f"{self._said(described, answered)}; find out before anything is repeated"
            )
        agreed = self._terms[described.name]
        if agreed.keys is not None and answered.status in _ABOUT_KEYS:
            await self._require_absent(described, answered, key, credential)
        reason = _reason(answered)
        return Refused(
            code=reason or f"http_{answered.status}",
            sentence=self._said(described, answered) + (f" `{reason}`" if reason else ""),
        )

    async def find(self, operation: str, key: str, *, credential: str | None) -> Finding:
        """Ask for the effect of a key; see `Connector.find`."""
        agreed = self._terms.get(operation)
        if agreed is None or agreed.find is None:
            return Unknown(
                why=f"`{self._name}` cannot be asked about `{operation}`; look yourself"
            )
        finder = self._operations[agreed.find]
        call = Call(operation=finder.name, arguments={agreed.find_argument: key})
        try:
            record = await self.read(
                call, credential=credential, timeout_seconds=agreed.timeout_seconds
            )
        except RecordNotFoundError as error:
            in_path = any(
                one.place == "path" and one.name == agreed.find_argument
                for one in finder.parameters
            )
            return Absent() if in_path else Unknown(why=str(error))
        except RemitError as error:
            return Unknown(why=str(error))
        return _finding(record.value, key, agreed)

    async def health(self) -> Health:
        """Say whether the system answers and whether its key still works."""
        if self._key_refused:
            return Health(ok=False, sentence=f"`{self._name}` refuses the key; renew `{self.key}`")
        path = self._operations[self._health].path if self._health else "/"
        asked = Asked(method="GET", url=self._url + path, headers={})
        try:
            await self._client.read(asked, timeout_seconds=HEALTH_SECONDS_MAX)
        except RemitError as error:
            return Health(ok=False, sentence=f"`{self._name}`: {error}")
        return Health(ok=True, sentence=f"`{self._name}` answers")

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()

    def _described(self, call: Call, kind: OperationKind) -> Described:
        described = self._operations.get(call.operation)
        if described is None or described.kind is not kind:
            raise ArgumentsInvalidError(
                f"`{self._name}` has no {kind} `{call.operation}`; see `remit check`"
            )
        return described

    def _asked(
        self,
        described: Described,
        given: Mapping[str, object],
        credential: str | None,
        *,
        key: str | None,
    ) -> Asked:
        headers = {}
        if credential is not None:
            headers["authorization"] = f"Bearer {credential}"
        carried_by = self._terms[described.name].keys
        if key is not None and carried_by is not None:
            headers[carried_by.lower()] = key
        return request(described, given, url=self._url, headers=headers, tree=self._document.tree)

    def _value(self, described: Described, answered: Answered) -> Json:
        if answered.status == _EMPTY or (described.method == "head" and not answered.body):
            return None
        if answered.media != "application/json" and not answered.media.endswith("+json"):
            raise ResultInvalidError(f"{self._said(described, answered)} and no JSON")
        found = parsed(answered.body)
        expected = _expected(described, answered.status)
        wrong = schema.faults(expected, found, document=self._document.tree)
        if wrong:
            raise ResultInvalidError(
                f"the answer to `{self._name}.{described.name}` does not fit: "
                + "; ".join(str(fault) for fault in wrong)
            )
        return plain(found)

    def _done(self, described: Described, answered: Answered, key: str) -> Outcome:
        try:
            body = self._value(described, answered)
        except RemitError as error:
            raise EffectUncertainError(
                f"it was sent, but {error}; find out before anything is repeated"
            ) from error
        receipt = _receipt(body, key, self._terms[described.name])
        if answered.status == _ACCEPTED:
            return Accepted(receipt=receipt)
        return Performed(receipt=receipt)

    async def _require_absent(
        self, described: Described, answered: Answered, key: str, credential: str | None
    ) -> None:
        """Raise unless this refusal is certainly not about an effect under the same key."""
        agreed = self._terms[described.name]
        if answered.status == _CONFLICT and agreed.conflict is terms.Conflict.UNCERTAIN:
            raise EffectUncertainError(
                f"{self._said(described, answered)}, which may mean that the key is in use; "
                'say `conflict = "refused"` if it never does'
            )
        if agreed.find is not None and not isinstance(
            await self.find(described.name, key, credential=credential), Absent
        ):
            raise EffectUncertainError(
                f"{self._said(described, answered)}, but there may be an effect under this key"
            )

    def _refusal(self, described: Described, answered: Answered) -> CallRefusedError:
        reason = _reason(answered)
        sentence = self._said(described, answered) + (f" `{reason}`" if reason else "")
        kind = RecordNotFoundError if answered.status == _MISSING else CallRefusedError
        refusal = kind(sentence)
        refusal.reason = reason
        return refusal

    def _notice(self, answered: Answered) -> None:
        if answered.status in (_UNKNOWN, _FORBIDDEN):
            self._key_refused = True
        elif answered.status // 100 == 2:  # noqa: PLR2004
            self._key_refused = False

    def _said(self, described: Described, answered: Answered) -> str:
        return f"`{self._name}` answered {answered.status} to `{described.name}`"


def _operation(described: Described, agreed: terms.Terms) -> Operation:
    return Operation(
        name=described.name,
        kind=described.kind,
        undo=agreed.undo,
        find=agreed.find,
        keys_honoured=agreed.keys is not None,
        addressed_by=agreed.addressed_by,
        timeout_seconds=agreed.timeout_seconds,
        settled_after_seconds=agreed.settled_after_seconds,
        arguments=dict(described.arguments),
    )


def _expected(described: Described, status: int) -> Node:
    """Return the answer's schema; the one documented success also holds for another 2xx."""
    answers = described.answers
    only = next(iter(answers.values())) if len(answers) == 1 else {}
    return answers.get(str(status)) or answers.get("2XX") or only


def _without(described: Described, header: str | None) -> Described:
    """Take the key's header out of the arguments: the executor gives the key, nobody else."""
    kept = tuple(
        one
        for one in described.parameters
        if one.place != "header" or header is None or one.name.lower() != header.lower()
    )
    return replace(described, parameters=kept)


def _finding(value: Json, key: str, agreed: terms.Terms) -> Finding:
    inner = value.values() if isinstance(value, dict) else [value]
    lists = [item for item in inner if isinstance(item, list)]
    found = lists[0] if len(lists) == 1 else [value]
    if not found:
        return Absent()
    only = found[0]
    if len(found) > 1 or not isinstance(only, dict):
        return Unknown(why=f"`{agreed.find}` did not answer one effect; look yourself")
    if only.get(agreed.find_argument, key) != key:
        return Unknown(why=f"`{agreed.find}` answered the effect of another key; look yourself")
    return Found(receipt=_receipt(only, key, agreed))


def _receipt(body: Json, key: str, agreed: terms.Terms) -> Receipt:
    named = body.get(agreed.reference) if isinstance(body, dict) else None
    return Receipt(reference=str(named) if isinstance(named, str | int) else key, body=body)


def _reason(answered: Answered) -> str | None:
    """Return the other side's own code for a refusal, where it is a plain word."""
    try:
        said: Any = parsed(answered.body)
    except RemitError:
        return None
    said = said.get("error", said) if isinstance(said, dict) else None
    word = said.get("code") if isinstance(said, dict) else said
    return word if isinstance(word, str) and _WORD.fullmatch(word) else None
