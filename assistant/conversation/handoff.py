"""When a person takes over: asked for, needed, or because our answers go round in circles."""

from assistant.conversation.readings import Reading
from assistant.conversation.sentiment import is_falling
from assistant.conversation.types import Author, HandoffReason, Thread
from core.text import words

_SAME_QUESTION = 0.8
_TOO_OFTEN = 2
_NOT_HELPED = 0.6
"""Two messages in a row with this dissatisfaction: going on would make it worse."""


def handoff_reason(question: str, reading: Reading, thread: Thread) -> HandoffReason | None:
    """Return why this turn goes to a person; None when it does not."""
    if reading.wants_human:
        return HandoffReason.ASKED
    if is_falling([*thread.scores, reading.score]) and not thread.handed_over:
        return HandoffReason.MOOD
    unhelped = [*thread.dissatisfaction[-1:], reading.dissatisfaction]
    if len(unhelped) == 2 and min(unhelped) >= _NOT_HELPED and not thread.handed_over:
        return HandoffReason.MOOD
    if _times_asked(question, thread) >= _TOO_OFTEN:
        return HandoffReason.LOOP
    return None


def _times_asked(question: str, thread: Thread) -> int:
    """How often the customer asked (nearly) the same before: our answers did not help."""
    own = set(words(question))
    if len(own) < 3:
        return 0
    earlier = (set(words(m.text)) for m in thread.history if m.author is Author.CUSTOMER)
    return sum(len(own & other) / len(own | other) >= _SAME_QUESTION for other in earlier)
