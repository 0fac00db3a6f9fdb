"""What a mail says: the notification's two sentences, whom it concerns, and where to look."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from hxdav.domain.ids import Epoch
from hxdav.mail.settings import MailSettings
from hxdav.store.notifications import DueMail

# Not every server takes eight bits.
_POLICY = SMTP.clone(cte_type="7bit")

_BODY = """\
{happened}

{to_do}

This concerns {practitioner}, {practice_group}.
{link}

hxdav wrote this by itself; nobody reads what is answered to it.
"""


def message_of(mail: DueMail, *, epoch: Epoch, settings: MailSettings) -> EmailMessage:
    """The message, the same each time that it is made, so that a double can be told by its Message-ID.

    It names no patient, no appointment and no calendar: whoever carries mail can read it.
    """
    told = mail.notification
    message = EmailMessage(policy=_POLICY)
    message["Date"] = format_datetime(told.at)
    message["From"] = settings.sender
    message["To"] = ", ".join(mail.addresses)
    message["Subject"] = told.wording.happened.removesuffix(".")
    # The epoch, because numbers come back after a restore from a backup.
    message["Message-ID"] = f"<hxdav.{epoch}.{told.id}@{settings.sender.rpartition('@')[2]}>"
    # RFC 3834 §5: no holiday notes come back for it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(
        _BODY.format(
            happened=told.wording.happened,
            to_do=told.wording.to_do,
            practitioner=mail.practitioner,
            practice_group=mail.practice_group,
            link=settings.link,
        )
    )
    return message
