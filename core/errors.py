"""Everything that can go wrong, as one tree.

PercorsoError                     500  internal
├── BadInput                      422  bad_input
│   ├── SettingsError             500  bad_settings      (stops the start)
│   ├── MessageTooLong            413  message_too_long
│   ├── UnknownStage              422  unknown_stage
│   ├── NothingSuggested          422  nothing_suggested
│   ├── NothingTicked             422  nothing_ticked
│   ├── FetchFailed               422  fetch_failed
│   ├── DocumentRefused           422  the reason itself: empty, encrypted, broken, …
│   └── PersonRefused             422  the problem itself: email_taken, password_wrong, …
├── Unauthenticated               401  unauthenticated
│   └── SignInRefused             401  sign_in_refused
├── Forbidden                     403  forbidden
│   ├── ForeignRequest            403  foreign_request
│   └── PasswordChangeNeeded      403  password_change_needed
├── NotFound                      404  not_found
├── Conflict                      409  conflict
│   ├── ChangedMeanwhile          412  changed_meanwhile
│   ├── SourcesChanged            409  sources_changed
│   ├── MessageIdReused           409  message_id_reused
│   └── OwnershipLost             409  ownership_lost
├── TooManyRequests               429  too_many_requests
└── Unavailable                   503  unavailable       (worth trying again)
    ├── IndexLocked               503  index_locked
    ├── IndexUnavailable          503  index_unavailable
    ├── EngineUnavailable         503  engine_unavailable
    └── ReaderUnavailable         503  reader_unavailable  (in ingest.reading)

The text of an error is written for the person who meets it; `code` is for programs and never
changes; `status` is the HTTP status that `assistant.web.errors` answers with.
"""

from enum import StrEnum
from typing import ClassVar


class PercorsoError(Exception):
    """Base of all errors that Percorso raises on purpose."""

    status: ClassVar[int] = 500
    code: str = "internal"


class BadInput(PercorsoError):
    """What was given cannot be used; the text says what to change."""

    status = 422
    code = "bad_input"


class SettingsError(BadInput):
    """The configuration is wrong; the text names the variable."""

    status = 500
    code = "bad_settings"


class MessageTooLong(BadInput):
    status = 413
    code = "message_too_long"


class UnknownStage(BadInput):
    """The journey model of this company has no such stage."""

    code = "unknown_stage"


class NothingSuggested(BadInput):
    """No stages are suggested for a document, or somebody has decided them already."""

    code = "nothing_suggested"


class NothingTicked(BadInput):
    """A list was sent with nothing chosen where something must be."""

    code = "nothing_ticked"


class Refusal(StrEnum):
    """Why a document was not taken in."""

    EMPTY = "empty"
    ENCRYPTED = "encrypted"
    BROKEN = "broken"
    NO_TEXT = "no_text"
    TOO_LARGE = "too_large"
    UNSUPPORTED_TYPE = "unsupported_type"
    UNREADABLE = "unreadable"
    NAME_TAKEN = "name_taken"
    BAD_METADATA = "bad_metadata"
    NOT_INDEXED = "not_indexed"
    TOO_HARD = "too_hard"
    """Reading it takes more time or memory than a document gets."""
    CRASHED_READER = "crashed_reader"
    """The process that read it died, twice."""


class DocumentRefused(BadInput):
    """A document cannot be taken in; the rest goes on.

    Args:
        reason: the named reason, also the error's code.
        detail: one sentence for the admin that says what to do.
    """

    def __init__(self, reason: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.code = reason.value


class FetchProblem(StrEnum):
    """Why an address of the web could not be read."""

    BLOCKED = "blocked"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    REDIRECT = "redirect"
    PROTOCOL = "protocol"


class FetchFailed(BadInput):
    """An address of the web gave no usable answer.

    Args:
        problem: the named problem.
        detail: one sentence for the admin.
    """

    code = "fetch_failed"

    def __init__(self, problem: FetchProblem, detail: str) -> None:
        super().__init__(detail)
        self.problem = problem


class PersonProblem(StrEnum):
    """Why something cannot be done to a person's account."""

    EMAIL_INVALID = "email_invalid"
    EMAIL_TAKEN = "email_taken"
    NAME_MISSING = "name_missing"
    LAST_ADMIN = "last_admin"
    PASSWORD_WRONG = "password_wrong"
    PASSWORD_LENGTH = "password_length"
    PASSWORD_EASY = "password_easy"
    PASSWORD_SAME = "password_same"
    PASSWORD_TWO = "password_two"


class PersonRefused(BadInput):
    """An account cannot be made or changed so.

    Args:
        problem: the named problem, also the error's code.
        detail: one sentence that says what to do.
    """

    def __init__(self, problem: PersonProblem, detail: str) -> None:
        super().__init__(detail)
        self.problem = problem
        self.code = problem.value


class Unauthenticated(PercorsoError):
    status = 401
    code = "unauthenticated"


class SignInRefused(Unauthenticated):
    """E-mail and password do not fit; the text does not tell which."""

    code = "sign_in_refused"


class Forbidden(PercorsoError):
    status = 403
    code = "forbidden"


class ForeignRequest(Forbidden):
    """A change was asked for by a page that is not ours, or by an old one of ours."""

    code = "foreign_request"


class PasswordChangeNeeded(Forbidden):
    """A one-time password opens nothing but the page where a person chooses their own."""

    code = "password_change_needed"


class NotFound(PercorsoError):
    status = 404
    code = "not_found"


class Conflict(PercorsoError):
    status = 409
    code = "conflict"


class ChangedMeanwhile(Conflict):
    """The record is not any more what the caller saw (`If-Match`)."""

    status = 412
    code = "changed_meanwhile"


class SourcesChanged(Conflict):
    """A document or a curated answer in a reply was changed or withdrawn before the reply was sent."""

    code = "sources_changed"


class MessageIdReused(Conflict):
    """The same client message id came again with another text."""

    code = "message_id_reused"


class OwnershipLost(Conflict):
    """The bot no longer owns the conversation, or a newer message came, at the moment of sending."""

    code = "ownership_lost"


class TooManyRequests(PercorsoError):
    """A limit was reached.

    Args:
        detail: what was too much, for a person.
        retry_after: seconds after which trying again makes sense.
    """

    status = 429
    code = "too_many_requests"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(PercorsoError):
    """Worth trying again."""

    status = 503
    code = "unavailable"


class IndexLocked(Unavailable):
    """Another process owns the vector index of this data folder."""

    code = "index_locked"


class IndexUnavailable(Unavailable):
    """The vector index cannot be read; exact search answers until it is rebuilt."""

    code = "index_unavailable"


class EngineUnavailable(Unavailable):
    """The configured language model did not give a usable answer in time."""

    code = "engine_unavailable"
