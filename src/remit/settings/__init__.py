"""Typed settings, read once from `remit.toml` and the environment."""

from remit.settings.connectors import (
    ConnectorSettings,
    OpenApiSettings,
    OperationSettings,
    RecorderSettings,
)
from remit.settings.directories import DirectorySettings
from remit.settings.ledger import (
    AnchorSettings,
    DirectoryAnchor,
    FileAnchor,
    GitAnchor,
    LedgerSettings,
    TimestampAnchor,
    WitnessAnchor,
)
from remit.settings.limits import LimitSettings
from remit.settings.models import (
    ClassifierSettings,
    ModelSettings,
    OpenAIModel,
    RouteSettings,
    ScriptedModel,
)
from remit.settings.people import (
    OidcSettings,
    OwnerSettings,
    PersonSettings,
    RoleSettings,
    SignInSettings,
)
from remit.settings.project import Project, Settings, WorkSettings
from remit.settings.reading import FILE, read, secret
from remit.settings.services import RateSettings, ServiceSettings
from remit.settings.workflow import (
    ActionSettings,
    DeskSettings,
    RetentionSettings,
    RevealSettings,
    RunningSettings,
    WorkflowSettings,
)

__all__ = [
    "FILE",
    "ActionSettings",
    "AnchorSettings",
    "ClassifierSettings",
    "ConnectorSettings",
    "DeskSettings",
    "DirectoryAnchor",
    "DirectorySettings",
    "FileAnchor",
    "GitAnchor",
    "LedgerSettings",
    "LimitSettings",
    "ModelSettings",
    "OidcSettings",
    "OpenAIModel",
    "OpenApiSettings",
    "OperationSettings",
    "OwnerSettings",
    "PersonSettings",
    "Project",
    "RateSettings",
    "RecorderSettings",
    "RetentionSettings",
    "RevealSettings",
    "RoleSettings",
    "RouteSettings",
    "RunningSettings",
    "ScriptedModel",
    "ServiceSettings",
    "Settings",
    "SignInSettings",
    "TimestampAnchor",
    "WitnessAnchor",
    "WorkSettings",
    "WorkflowSettings",
    "read",
    "secret",
]
