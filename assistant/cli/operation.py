"""percorso serve, percorso check."""

import asyncio
import sqlite3
import sys
from typing import Annotated, Any

import typer

from assistant.cli.output import AsJson, console, errors, prepare, print_json
from assistant.cli.people import print_first_admin
from core.errors import Unavailable
from core.settings import Settings, known_variables, unknown_variables


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve the widget, the demo shop and the API."""
    import uvicorn

    from assistant.app import create_app

    settings = prepare(quiet=False)
    address, number = host or settings.host, port or settings.port
    app = create_app(settings)
    print_first_admin(settings)
    console.print(f"Percorso on http://{address}:{number}/  (demo shop with the widget)")
    console.print(
        f"Admin key: {settings.data_dir / 'admin.key'}" if settings.admin_key is None else "Admin key: set"
    )
    uvicorn.run(
        app,
        host=address,
        port=number,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
    )
    if problem := getattr(app.state, "problem", None):
        errors.print(problem)
        raise typer.Exit(1)


def check(as_json: AsJson = False) -> None:
    """Say what is configured, what is reachable and what is missing."""
    settings = prepare()
    findings = asyncio.run(_look(settings))
    if as_json:
        print_json(findings)
    else:
        for finding in findings["checks"]:
            mark = "[green]ok[/]     " if finding["ok"] else "[red]missing[/]"
            console.print(f"{mark} {finding['what']}: {finding['detail']}")
        for name, value in findings["configured"].items():
            console.print(f"        {name} = {value}")
    if not all(finding["ok"] for finding in findings["checks"]):
        sys.exit(1)


async def _look(settings: Settings) -> dict[str, Any]:
    checks = [_python(), _unknown(), await _database(settings), _encoder(settings), _reading(settings)]
    checks.append(await _engine(settings))
    return {"checks": checks, "configured": _configured()}


def _python() -> dict[str, Any]:
    version = f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"
    return {"what": "runtime", "ok": sys.version_info >= (3, 11), "detail": version}


def _unknown() -> dict[str, Any]:
    unknown = unknown_variables()
    detail = (
        f"not known, probably misspelt: {', '.join(unknown)}"
        if unknown
        else "every PERCORSO_* variable is known"
    )
    return {"what": "variables", "ok": not unknown, "detail": detail}


async def _database(settings: Settings) -> dict[str, Any]:
    from assistant.app import running
    from core.index import chunks

    try:
        async with running(settings, owner=False) as services:
            async with services.database.reading() as session:
                count = await chunks.count(session)
            total, _ = await services.library.list(limit=1)
    except Exception as error:  # whatever is wrong with it belongs into the answer
        return {
            "what": "database",
            "ok": False,
            "detail": f"{settings.database}: {type(error).__name__}: {error}",
        }
    hint = "" if total else "; nothing can be answered yet: percorso ingest FOLDER"
    return {"what": "database", "ok": True, "detail": f"{total} documents, {count} chunks{hint}"}


def _encoder(settings: Settings) -> dict[str, Any]:
    from core.embeddings import Encoder

    encoder = Encoder(settings.embedding_model)
    try:
        detail = f"{encoder.name}, {encoder.dimensions} dimensions, {encoder.window} tokens"
    except Exception as error:  # a model that cannot be loaded fails in many ways
        return {"what": "encoder", "ok": False, "detail": str(error)}
    return {"what": "encoder", "ok": True, "detail": detail}


def _reading(settings: Settings) -> dict[str, Any]:
    from ingest.reading.limits import ALL
    from ingest.reading.reader import Reader

    if not settings.reading.in_child:
        detail = "files are read in this process, without any limit: PERCORSO_READING__IN_CHILD is false"
        return {"what": "reading", "ok": False, "detail": detail}
    reader = Reader(settings.reading)
    try:
        held = reader.held()
    except Unavailable as problem:
        return {"what": "reading", "ok": False, "detail": str(problem)}
    finally:
        reader.close()
    missing = [limit for limit in ALL if limit not in held]
    detail = f"in a process with limits of {', '.join(limit for limit in ALL if limit in held) or 'nothing'}"
    hint = (
        f"; this system does not limit {', '.join(missing)}: take in files that you trust" if missing else ""
    )
    return {"what": "reading", "ok": not missing, "detail": detail + hint}


async def _engine(settings: Settings) -> dict[str, Any]:
    if settings.chat.model is None:
        return {"what": "engine", "ok": True, "detail": "embedded: no key, no network"}
    from assistant.engines.chat_model import probe

    problem = await probe(settings.chat)
    where = settings.chat.base_url or "the provider's own address"
    detail = problem or f"{settings.chat.model} at {where} answers"
    return {"what": "engine", "ok": problem is None, "detail": detail}


def _configured() -> dict[str, str]:
    """Return the variables that are set; secrets are only said to be set."""
    import os

    secret = ("KEY", "DATABASE_URL")
    return {
        name: "(set)" if name.endswith(secret) else os.environ[name]
        for name in known_variables()
        if name in os.environ
    }
