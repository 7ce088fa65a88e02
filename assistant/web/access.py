"""The only doors to a record: one function per kind, used by every endpoint."""

from typing import Annotated

from fastapi import Depends

from assistant.store.inbox import ConversationView
from assistant.web.dependencies import ServicesDep, VisitorToken
from assistant.web.schemas import Id


async def access_conversation(
    conversation_id: Id, token: VisitorToken, services: ServicesDep
) -> ConversationView:
    """Return the visitor's own conversation.

    Raises:
        NotFound: it does not exist or belongs to somebody else; the answer does not tell which.
    """
    return await services.inbox.owned_by(token, conversation_id)


OwnConversation = Annotated[ConversationView, Depends(access_conversation)]
