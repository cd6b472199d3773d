"""What people and commands look at to see whether a running Remit does well."""

from collections.abc import Callable, Mapping
from datetime import datetime

from remit.domain.value import Json
from remit.errors import NotSignedInError
from remit.governance import health, proof
from remit.governance.health import Bounds, Health, KeysView
from remit.ledger.anchor_standing import AnchorsView
from remit.ledger.anchoring import Anchors
from remit.ledger.keys import KeyRing
from remit.orchestration.equipment import Equipment
from remit.orchestration.erasure import Erasure
from remit.orchestration.metrics import Metrics
from remit.orchestration.pressure import Pressure
from remit.store.database import Database


class Checkup:
    """The part that is looked at; `remit.app.Remit` fills in what it works with."""

    database: Database
    keys: KeyRing
    anchors: Anchors
    erasure: Erasure
    equipment: dict[str, Equipment]
    pressure: Pressure
    signers: int
    now: Callable[[], datetime]
    key_store: str = "a file"  # in words: where the root keys are
    _metrics: Metrics

    def metrics(self) -> Mapping[str, Json]:
        """Return the numbers by which people see whether cases get on; `case_balance` is 0."""
        return self._metrics.read()

    def anchored(self) -> AnchorsView:
        """Say how the anchors stand, without asking one."""
        return self.anchors.status(now=self.now())

    def health(self) -> Health:
        """Return everything that the verdicts of `remit doctor` and its page rest on."""
        return health.look(
            self.database,
            keys=KeysView(
                store=self.key_store,
                epoch=self.keys.epoch(),
                rotation_days=self.erasure.rotation.epochs.rotation_days,
            ),
            anchors=self.anchored(),
            now=self.now(),
            bounds=Bounds(
                ready_seconds_max=min(
                    (one.lane.ready_age_seconds_max for one in self.equipment.values()),
                    default=Bounds().ready_seconds_max,
                ),
                disk_free_min=self.pressure.disk_free_min,
                signers=self.signers,
            ),
            live=self.metrics(),
        )

    def examined(self, proved: str, /) -> Mapping[str, Json]:
        """Return the numbers to whoever proves to hold the same keys, and mend what can be.

        The reserve for a full disk is set aside again. Raises `NotSignedInError`.
        """
        if not proof.good(self.keys.keyed, self.now(), proved):
            raise NotSignedInError("this is not asked with this installation's keys")
        self.database.arm_reserve()
        return self.metrics()
