"""The command line: parse, call, print."""

import sys

import typer

from assistant.cli import calibration, evaluation, knowledge, operation, people, questions, websites
from core.errors import PercorsoError

app = typer.Typer(
    name="percorso",
    help="A customer-care assistant that knows where the customer stands.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(operation.serve)
app.command("check")(operation.check)
app.command("ingest")(knowledge.ingest)
app.command("crawl")(websites.crawl)
app.add_typer(knowledge.documents, name="documents")
app.add_typer(people.people)
app.add_typer(people.trail)
app.command("search")(questions.search)
app.command("ask")(questions.ask)
app.command("understand")(questions.understand)
app.command("eval")(evaluation.evaluate)
app.command("calibrate")(calibration.calibrate)


def main() -> None:
    """Run a command; an error of ours is one sentence on standard error and exit status 1."""
    try:
        app()
    except PercorsoError as error:
        sys.stderr.write(f"percorso: {error}\n")
        sys.exit(1)
    except BrokenPipeError:  # `percorso … | head`
        sys.stderr.close()
        sys.exit(0)
