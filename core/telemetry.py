"""Logs: set up once, an event by name with ids and measures, never what a customer wrote."""

import logging
import sys
from typing import Literal

import structlog

QUIET = (
    "chromadb",
    "httpx",
    "httpcore",
    "openai",
    "sentence_transformers",
    "transformers",
    "pypdf",
    "alembic",
)


def set_up_logs(level: str = "info", layout: Literal["auto", "console", "json"] = "auto") -> None:
    """Send all logs to standard error, as coloured lines on a terminal and as JSON otherwise."""
    as_json = layout == "json" or (layout == "auto" and not sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    ending: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if as_json
        else [structlog.dev.ConsoleRenderer()]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def get_log(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of one module."""
    log: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return log
