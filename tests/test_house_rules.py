"""Rules that reviewers would otherwise repeat: sizes, true docs, rendering prompts, a true compose file."""

import ast
import re
import tomllib
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import yaml

from assistant.conversation.prompts import load_prompt
from core.errors import PercorsoError
from core.settings import Settings, known_variables

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("assistant", "ingest", "core")
MODULES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))


def test_modules_are_short() -> None:
    lines = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in MODULES}
    too_long = {str(file.relative_to(ROOT)): count for file, count in lines.items() if count > 350}
    assert too_long == {}
    assert median(count for count in lines.values() if count > 5) < 150


def test_functions_are_short() -> None:
    lengths = [_code_lines(node) for file in MODULES for node in _functions(file)]
    assert median(lengths) <= 10
    assert sorted(lengths)[int(0.95 * len(lengths))] <= 35


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_module_says_what_it_is(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))


def test_every_setting_is_documented_with_its_meaning() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    missing = [
        name for name, meaning in known_variables().items() if f"`{name}`" not in text or meaning not in text
    ]
    assert missing == []


def test_the_environment_is_read_in_one_module() -> None:
    readers = [
        str(file.relative_to(ROOT)) for file in MODULES if "os.environ" in file.read_text(encoding="utf-8")
    ]
    assert readers == ["assistant/cli/operation.py", "core/embeddings.py", "core/settings.py"]


def test_architecture_names_every_module() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    whole_rooms = ("loaders", "cli", "index")  # named as rooms, not module by module
    named = [
        file for file in MODULES if not file.stem.startswith("__") and file.parent.name not in whole_rooms
    ]
    assert [str(file.relative_to(ROOT)) for file in named if file.stem not in text] == []


def test_every_decision_is_numbered_once() -> None:
    numbers = [file.name[:4] for file in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]


def test_links_in_the_docs_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "prompts" / "README.md"]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_commands_in_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    pages = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md"))
    assert set(re.findall(r"\$ make ([a-z-]+)", pages)) <= targets


def test_every_prompt_file_can_be_used() -> None:
    files = [file for file in (ROOT / "prompts").rglob("*.md") if file.name != "README.md"]
    assert files
    for file in files:
        assert (
            load_prompt(
                ROOT / "prompts", file.relative_to(ROOT / "prompts").with_suffix("").as_posix()
            ).version
            >= 1
        )


def test_error_codes_are_distinct() -> None:
    found: list[type[PercorsoError]] = [PercorsoError]
    for error in found:
        found.extend(error.__subclasses__())
    codes = [error.code for error in found if "code" in vars(error)]
    assert len(codes) == len(set(codes))


def test_compose_and_dockerfile_agree_with_the_settings() -> None:
    compose: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    service = compose["services"]["assistant"]
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    given = {**service["environment"], **dict(re.findall(r"(PERCORSO_\w+)=(\S+)", dockerfile))}
    assert set(given) <= set(known_variables())
    assert service["volumes"] == [f"percorso-data:{given['PERCORSO_DATA_DIR']}"]
    assert service["ports"] == [f"127.0.0.1:8000:{given['PERCORSO_PORT']}"]
    assert f"EXPOSE {Settings.model_fields['port'].default}" in dockerfile
    assert "USER percorso" in dockerfile
    assert "torch==2.13.0" in dockerfile
    copied = set(re.findall(r"^COPY (\w+) \w+$", dockerfile, re.MULTILINE))
    assert copied == {*PACKAGES, "prompts", "knowledge", "migrations", "models"}


def test_torch_is_pinned_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pin = next(line for line in project["dependencies"] if line.startswith("torch"))
    for name in ("Makefile", "Dockerfile", "constraints.txt"):
        assert pin in (ROOT / name).read_text(encoding="utf-8")


def test_nothing_speaks_of_machines_or_places_outside_the_project() -> None:
    private = re.compile(r"/(?:work|root|tmp)/\w|pypi\.org/simple|\.\./shared")
    files = [
        file
        for suffix in ("py", "md", "yaml", "yml", "toml", "js", "html")
        for file in ROOT.rglob(f"*.{suffix}")
    ]
    ours = [file for file in files if not {".venv", "node_modules", "percorso-data"} & set(file.parts)]
    found = [str(file.relative_to(ROOT)) for file in ours if private.search(file.read_text(encoding="utf-8"))]
    assert [name for name in found if name != "tests/test_house_rules.py"] == []


def _functions(file: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
