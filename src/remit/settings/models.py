"""Models, their routes, and classifiers."""

from typing import Annotated, Literal

from pydantic import Field

from remit.settings.table import Table


class ClassifierSettings(Table):
    """A local classifier: the labelled file that it is trained from."""

    train: str
    text: str = "text"
    label: str = "label"
    names: list[str] = []  # labels that may have no example yet: chosen without a confidence
    seed: int = 7


class ScriptedModel(Table):
    provider: Literal["scripted"]
    file: str
    concurrent_max: int | None = Field(default=None, gt=0)  # calls at once, in one process


class OpenAIModel(Table):
    """Any server that speaks the OpenAI wire format."""

    provider: Literal["openai"]
    id: str
    base_url: str
    key: str | None = None  # a reference: env:NAME or file:PATH
    concurrent_max: int | None = Field(default=None, gt=0)  # calls at once, in one process


ModelSettings = Annotated[ScriptedModel | OpenAIModel, Field(discriminator="provider")]


class RouteSettings(Table):
    models: list[str] = Field(min_length=1, max_length=3)
    timeout_seconds: float = Field(default=30.0, gt=0, le=600)
