"""Exports of help desks: their fields become ours, and what is private or a draft stays out."""

import json
from typing import Any

import pytest

from core.errors import DocumentRefused, Refusal
from core.types import Audience
from ingest.metadata import build_metadata
from ingest.types import LoadedText, MediaType, Metadata
from tests.support.documents import outline, read


def _read(record: dict[str, Any]) -> LoadedText:
    return read(json.dumps({"id": 7, **record}), MediaType.RECORD)


def _metadata(record: dict[str, Any]) -> Metadata:
    loaded = _read(record)
    return build_metadata(source="7", found_title=loaded.title, inside=loaded.metadata, beside={})


ZENDESK = {
    "title": "Resi", "body": "<h2>Come</h2><ol><li>Prepari</li><li>Spedisci</li></ol>", "locale": "it",
    "html_url": "https://shop.example/hc/it/7", "url": "https://shop.example/api/v2/help_center/articles/7.json",
    "draft": False, "updated_at": "2026-01-02T03:04:05Z", "user_segment_id": None,
}  # fmt: skip
FRESHDESK = {
    "title": "Resi",
    "description": "<p>Gratis.</p>",
    "description_text": "Gratis.",
    "status": 2,
    "folder_id": 1,
}
INTERCOM = {
    "type": "article",
    "title": "Resi",
    "body": "<p>Gratis.</p>",
    "state": "published",
    "default_locale": "it",
}


def test_an_article_of_zendesk() -> None:
    assert outline(_read(ZENDESK).blocks) == [("h2", "Come"), ("list", "1. Prepari\n2. Spedisci")]
    found = _metadata(ZENDESK)
    assert (found.title, found.language, found.url) == ("Resi", "it", "https://shop.example/hc/it/7")
    assert found.audience is Audience.PUBLIC
    assert _read(ZENDESK).metadata["updated"] == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize(
    "record",
    [
        FRESHDESK,
        INTERCOM,
        {"question": "Resi", "answer": "Gratis."},
        {"domanda": "Resi", "risposta": "Gratis."},
    ],
)
def test_articles_of_other_help_desks_and_questions_with_answers(record: dict[str, Any]) -> None:
    assert outline(_read(record).blocks) == [("paragraph", "Gratis.")]
    assert _metadata(record).title == "Resi"


def test_a_moment_in_seconds_is_a_date() -> None:
    assert _read({**INTERCOM, "updated_at": 1767225600}).metadata["updated"] == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "record", [{**ZENDESK, "draft": True}, {**FRESHDESK, "status": 1}, {**INTERCOM, "state": "draft"}]
)
def test_a_draft_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(DocumentRefused, match="draft"):
        _read(record)


@pytest.mark.parametrize(
    "field", [{"user_segment_id": 4}, {"internal": True}, {"visibility": "agents"}, {"public": False}]
)
def test_an_article_for_a_few_is_for_operators(field: dict[str, Any]) -> None:
    assert _metadata({**ZENDESK, **field}).audience is Audience.INTERNAL


TICKETS = [
    {
        "subject": "Reso", "description": "Come rendo la bici?", "requester_id": 1,
        "comments": [
            {"body": "Come rendo la bici?", "public": True, "author_id": 1},
            {"body": "Entro 30 giorni.", "public": True, "author_id": 2},
            {"body": "Cliente difficile", "public": False, "author_id": 2},
        ],
    },
    {
        "subject": "Reso", "description_text": "Come rendo la bici?",
        "conversations": [
            {"body_text": "Entro 30 giorni.", "incoming": False, "private": False},
            {"body_text": "Cliente difficile", "incoming": False, "private": True},
        ],
    },
    {
        "type": "conversation", "source": {"subject": "Reso", "body": "<p>Come rendo la bici?</p>"},
        "conversation_parts": {
            "conversation_parts": [
                {"part_type": "comment", "body": "<p>Entro 30 giorni.</p>", "author": {"type": "admin"}},
                {"part_type": "note", "body": "<p>Cliente difficile</p>", "author": {"type": "admin"}},
            ]
        },
    },
]  # fmt: skip


@pytest.mark.parametrize("ticket", TICKETS, ids=["zendesk", "freshdesk", "intercom"])
def test_a_ticket_is_a_talk_for_operators_without_its_private_notes(ticket: dict[str, Any]) -> None:
    assert outline(_read(ticket).blocks) == [
        ("h2", "Customer"), ("paragraph", "Come rendo la bici?"),
        ("h2", "Agent"), ("paragraph", "Entro 30 giorni."),
    ]  # fmt: skip
    assert (_metadata(ticket).title, _metadata(ticket).audience) == ("Reso", Audience.INTERNAL)


def test_a_record_without_text_is_refused_as_broken() -> None:
    with pytest.raises(DocumentRefused) as caught:
        _read({"title": "Resi", "votes": 3})
    assert caught.value.reason is Refusal.BROKEN
