"""The tree of errors that hxdav raises on purpose.

::

    HxdavError
    ├── ConfigurationError      the settings or accounts file; names file, line and key
    ├── StoreError
    │   ├── SchemaOutOfDate     the database needs ``hxdav db upgrade``
    │   ├── StoreBusy           other writers were in the way, or the database could not be reached: try again
    │   │   └── StoreFull       the disk has no room
    │   ├── StoreDamaged        the database's file cannot be read
    │   └── NotFound            no such row for this practice group
    ├── CalendarDataError       text that is not an acceptable calendar object (``domain/refusal.py``)
    ├── MailServerFailed        the mail server cannot be reached or talked with (``mail/smtp.py``)
    ├── SyncTokenInvalid        DAV:valid-sync-token (RFC 6578 §3.2)
    ├── CallFailed              another server was called, to no avail; the text names its host only (``net/``)
    │   ├── NotReachable        its address may not be called: trying again changes nothing
    │   ├── NoAnswer            it cannot be reached, or breaks off: try later; what was asked may be done
    │   └── AnswerTooLarge      it says more than hxdav reads
    ├── WaitEnded               whoever waited for another server does so no longer (``net.waiting_until``)
    ├── NotPermitted            this user may not do this (rule 2)
    ├── UseCaseError            the request is understood and cannot be carried out
    └── SecretsError            the key file is missing, unreadable or does not fit

Messages are sentences for the person who reads them and hold identifiers only: no token, no password, no patient.
"""

from __future__ import annotations


class HxdavError(Exception):
    """Base of everything that hxdav raises on purpose; its text may be shown to the person."""


class ConfigurationError(HxdavError):
    """A settings or accounts file cannot be used.

    ``problems`` are whole sentences, each with the file and, where known, the line.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class StoreError(HxdavError):
    """The store cannot do what was asked."""


class SchemaOutOfDate(StoreError):
    """The database is not at the schema that this version expects."""


class StoreBusy(StoreError):
    """Other writers were in the way for too long, or the database could not be reached; nothing was done."""


class StoreFull(StoreBusy):
    """The disk of the database has no room; nothing was done, and clients retry until there is some."""


class StoreDamaged(StoreError):
    """The database's file cannot be read as a database any more; a backup has to be restored."""


class NotFound(StoreError):
    """What was named does not exist, or belongs to another practice group."""


class SyncTokenInvalid(HxdavError):
    """The token is not one that this collection can continue from: the client lists anew (RFC 6578 §3.2)."""


class CallFailed(HxdavError):
    """Another server was called, to no avail; ``cause`` is the type of what was raised below, for the log."""

    def __init__(self, host: str, sentence: str, *, cause: str = "") -> None:
        super().__init__(sentence)
        self.host = host
        self.cause = cause


class NotReachable(CallFailed):
    """The address may not be called, by the settings or for safety: trying again changes nothing."""


class NoAnswer(CallFailed):
    """The server cannot be reached, or breaks off: it may work later, and what was asked may be done."""


class AnswerTooLarge(CallFailed):
    """The server says more than hxdav is ready to read; what was asked is done."""


class WaitEnded(HxdavError):
    """Whoever waited for another server does so no longer; what was asked may be done."""


class OverBudget(HxdavError):
    """A request costs more than one request may, or nobody waits for its answer any more."""


class TooManyAtOnce(HxdavError):
    """Too many ask at once for what costs much; nothing was done, and a moment later it may be."""


class NotPermitted(HxdavError):
    """This user may not do this."""


class UseCaseError(HxdavError):
    """The request is understood and cannot be carried out; the text says what to do instead.

    ``command`` does so on the command line, which tells it; on a page it would mean nothing to anybody.
    """

    def __init__(self, sentence: str, *, command: str | None = None) -> None:
        super().__init__(sentence)
        self.command = command


class SecretsError(HxdavError):
    """The key file is missing, unreadable, or not the one that the stored secrets were made with."""
