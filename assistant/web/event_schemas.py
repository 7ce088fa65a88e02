"""Events as they travel over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from assistant.store.changes import ChangeType


class EventsIn(BaseModel):
    """Which events; unknown parameters are mistakes."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(default=0, ge=0, le=2**53 - 1, description="`next` of the answer before; 0 for all")
    limit: int = Field(default=100, ge=1, le=500)
    type: Annotated[list[ChangeType], Field(max_length=len(ChangeType))] = Field(
        default=[], description="Only these; say it several times for several"
    )


class SubjectOut(BaseModel):
    kind: str = Field(description="`document`, `upload`, `website`, `curated`, `gap` or `finding`")
    id: str


class EventOut(BaseModel):
    """Something that changed. It holds no text of a document: ask for the subject where that is needed."""

    id: str = Field(description="The same change always has the same one: take it once")
    sequence: int = Field(description="Grows; numbers that are not here are not for receivers")
    type: ChangeType
    time: datetime
    actor: str = Field(description="`person:` and an id, `key`, or `system` for a folder, a schedule …")
    subject: SubjectOut
    data: dict[str, Any] = Field(description="Source, version and the like")


class EventsOut(BaseModel):
    events: list[EventOut]
    next: int = Field(description="The cursor to go on with")
    more: bool = Field(description="There may be more at once")
    newest: int = Field(
        description="Of all that happened here. A cursor above it is of another database: begin again at 0"
    )
