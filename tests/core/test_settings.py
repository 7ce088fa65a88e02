"""The configuration: nothing has to be set, and what is set wrongly is named."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from core.errors import SettingsError
from core.settings import Settings, bundled, known_variables, load_settings, unknown_variables


@pytest.fixture(autouse=True)
def away_from_any_dotenv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_nothing_has_to_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERCORSO_DATA_DIR")
    settings = load_settings()
    assert settings.data_dir == Path("percorso-data")
    assert settings.chat.model is None
    assert settings.admin_key is None
    assert settings.embedding_model == "percorso-it-en"
    assert settings.site.languages == ("it", "en")


def test_the_database_is_a_file_in_the_data_folder_unless_one_is_named(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).database == f"sqlite+aiosqlite:///{tmp_path / 'percorso.db'}"
    named = Settings(data_dir=tmp_path, database_url="postgresql+psycopg://u@h/d")
    assert named.database == "postgresql+psycopg://u@h/d"


def test_groups_are_reached_with_a_double_underscore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERCORSO_RETRIEVAL__PASSAGES", "4")
    monkeypatch.setenv("PERCORSO_SITE__LANGUAGES", '["en"]')
    monkeypatch.setenv("PERCORSO_SITE__FORMAL", "false")
    settings = load_settings()
    assert settings.retrieval.passages == 4
    assert settings.retrieval.candidates == 100
    assert (settings.site.languages, settings.site.formal) == (("en",), False)


def test_a_dotenv_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PERCORSO_PORT=9001\nPERCORSO_HOST=0.0.0.0\n")
    monkeypatch.setenv("PERCORSO_PORT", "9002")
    assert (load_settings().host, load_settings().port) == ("0.0.0.0", 9002)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PERCORSO_PORT", "seventy"),
        ("PERCORSO_PORT", "70000"),
        ("PERCORSO_LOG_LEVEL", "loud"),
        ("PERCORSO_RETRIEVAL__PASSAGES", "0"),
        ("PERCORSO_COSTS__WRONG", "-7"),
        ("PERCORSO_SITE__LANGUAGES", '["de"]'),
        ("PERCORSO_SITE__LANGUAGES", "[]"),
        ("PERCORSO_SITE__LANGUAGES", "it,en"),
        ("PERCORSO_SITE__ORIGINS", "https://shop.example"),
        ("PERCORSO_SITE", "Borgovelo"),
    ],
)
def test_a_wrong_value_names_its_variable_and_itself(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert f"{variable}: " in str(caught.value)
    assert value.strip('["]') in str(caught.value)


def test_every_wrong_variable_has_its_own_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERCORSO_PORT", "x")
    monkeypatch.setenv("PERCORSO_JOBS__WORKERS", "-1")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert {line.split(":")[0] for line in str(caught.value).splitlines()} == {
        "PERCORSO_PORT",
        "PERCORSO_JOBS__WORKERS",
    }


def test_trusted_proxies_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERCORSO_TRUSTED_PROXIES", "10.0.0.1, 10.0.0.2")
    assert load_settings().trusted_proxies == ("10.0.0.1", "10.0.0.2")
    assert Settings(trusted_proxies=("10.0.0.3",)).trusted_proxies == ("10.0.0.3",)


def test_keys_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERCORSO_CHAT__API_KEY", "sk-secret")
    monkeypatch.setenv("PERCORSO_ADMIN_KEY", "adm-secret")
    shown = repr(load_settings()) + str(load_settings())
    assert "sk-secret" not in shown
    assert "adm-secret" not in shown


def test_settings_do_not_change_after_they_were_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]  # what mypy says is what is promised


def test_every_variable_has_a_meaning_in_words() -> None:
    known = known_variables()
    assert all(len(meaning) > 10 for meaning in known.values())
    assert {"PERCORSO_DATA_DIR", "PERCORSO_SITE__LANGUAGES", "PERCORSO_JOBS__LEASE_SECONDS"} <= set(known)


@pytest.mark.parametrize("variable", sorted(known_variables()))
def test_every_known_variable_is_read(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """It arrives in the settings, or it is refused by its name."""
    monkeypatch.setenv(variable, "xyzzy")
    assert "xyzzy" in _arrived(variable)


def _arrived(variable: str) -> str:
    try:
        values = load_settings().model_dump()
    except SettingsError as problem:
        return str(problem) if variable in str(problem) else "another variable was named"
    name, _, inner = variable.removeprefix("PERCORSO_").lower().partition("__")
    value = values[name][inner] if inner else values[name]
    return str(value.get_secret_value() if isinstance(value, SecretStr) else value)


def test_a_mistyped_variable_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unknown_variables() == []
    monkeypatch.setenv("PERCORSO_RETREIVAL__PASSAGES", "4")
    monkeypatch.setenv("PERCORSO_PORT", "8001")
    assert unknown_variables() == ["PERCORSO_RETREIVAL__PASSAGES"]


def test_bundled_folders_are_found_and_a_missing_one_is_named() -> None:
    assert (bundled("migrations") / "env.py").is_file()
    assert (bundled("prompts")).is_dir()
    assert (bundled("knowledge")).is_dir()
    with pytest.raises(SettingsError, match="no-such-folder/ is missing"):
        bundled("no-such-folder")


def test_prompts_may_come_from_a_folder_of_ones_own(tmp_path: Path) -> None:
    assert Settings().prompts == bundled("prompts")
    assert Settings(prompts_dir=tmp_path).prompts == tmp_path
