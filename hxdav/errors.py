"""The tree of errors that hxdav raises on purpose.

::

    HxdavError
    ├── ConfigurationError      the settings or accounts file; names file, line and key
    ├── StoreError
    │   ├── SchemaOutOfDate     the database needs ``hxdav db upgrade``
    │   ├── StoreBusy           other writers were in the way, or the database could not be reached: try again
    │   └── NotFound            no such row for this practice group
    ├── CalendarDataError       text that is not an acceptable calendar object (``domain/refusal.py``)
    ├── MailServerFailed        the mail server cannot be reached or talked with (``mail/smtp.py``)
    ├── SyncTokenInvalid        DAV:valid-sync-token (RFC 6578 §3.2)
    ├── NotPermitted            this user may not do this (``design.md`` rule 2)
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


class NotFound(StoreError):
    """What was named does not exist, or belongs to another practice group."""


class SyncTokenInvalid(HxdavError):
    """The token is not one that this collection can continue from: the client lists anew (RFC 6578 §3.2)."""


class NotPermitted(HxdavError):
    """This user may not do this."""


class UseCaseError(HxdavError):
    """The request is understood and cannot be carried out; the text says what to do instead."""


class SecretsError(HxdavError):
    """The key file is missing, unreadable, or not the one that the stored secrets were made with."""
