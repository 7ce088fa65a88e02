"""How the index has been doing since the start: for health checks and metrics."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class IndexFigures:
    """Counts since the process started. A disagreement is a chunk on which SQL and the index differ."""

    checks: int = 0
    disagreements: int = 0
    set_aside: int = 0
    rebuilt: int = 0
    last_check: datetime | None = None
    last_disagreements: int = 0
    """How many the last check found; 0 is the only good value."""
    built: int = 0
    to_build: int = 0
    """Chunks that a rebuild under way has put in, and all that it has to; both 0 when there is none."""

    def checked(self, moment: datetime, found: int) -> None:
        """Record one comparison; what it found was mended."""
        self.checks += 1
        self.disagreements += found
        self.last_check, self.last_disagreements = moment, found
