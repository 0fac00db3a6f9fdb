"""The outbox: what is due is claimed, sent, and written down as sent, each in a transaction of its own.

At least once: whoever dies between sending and writing it down leaves the mail to be sent again, under the same
Message-ID.
"""

from __future__ import annotations

from datetime import timedelta

from hxdav.domain.ids import Epoch
from hxdav.domain.notification import MAILED_WITHIN
from hxdav.domain.times import Clock
from hxdav.log import get_logger
from hxdav.mail.messages import message_of
from hxdav.mail.settings import MailSettings
from hxdav.mail.smtp import Conversation, MailServerFailed, conversation
from hxdav.store.notifications import DueMail
from hxdav.store.store import Store, Tx

_AGAIN_AFTER = tuple(timedelta(minutes=each) for each in (5, 10, 20, 40, 60))
"""How long a mail waits after its first try, its second, and so on. The first is longer than a conversation takes."""

_GIVEN_UP_AT_ONCE = 200


class Outbox:
    """Mails what is due. Any number of them, in any number of processes, send a mail once."""

    def __init__(self, *, store: Store, clock: Clock, settings: MailSettings) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._log = get_logger()

    def send_due(self) -> int:
        """Mail what is due until nothing is, or the mail server fails; how much was sent. Nothing where mail is off."""
        if not self._settings.is_on or not self._is_any_due():
            return 0
        self._store.in_turns(self._give_up)
        mail = self._claim()
        if mail is None:
            return 0
        sent = 0
        try:
            with conversation(self._settings) as server:
                while mail is not None:
                    sent += self._send(mail, server)
                    mail = self._claim()
        except MailServerFailed as failure:
            self._log.warning("mail_server_failed", cause=failure.cause)
        return sent

    def _is_any_due(self) -> bool:
        """Whether it is worth to write at all: nearly always it is not."""
        with self._store.single_read() as tx:
            return tx.notifications.is_mail_due(self._clock.now())

    def _claim(self) -> DueMail | None:
        """The next mail that is due and has a recipient."""
        now = self._clock.now()
        while True:
            with self._store.transaction() as tx:
                mail = tx.notifications.claim_mail(now=now, again_at=[now + each for each in _AGAIN_AFTER])
                if mail is None or mail.addresses:
                    return mail
                tx.notifications.end_mail(mail.notification.id, mailed_at=None)

    def _send(self, mail: DueMail, server: Conversation) -> int:
        told = mail.notification
        delivery = server.send(message_of(mail, epoch=self._epoch(), settings=self._settings), addresses=mail.addresses)
        if delivery.refused:
            self._log.warning("mail_refused", notification=told.id, tries=mail.tries, replies=delivery.refused)
        if not delivery.is_done:
            return 0
        with self._store.transaction() as tx:
            tx.notifications.end_mail(told.id, mailed_at=self._clock.now())
        self._log.info("mail_sent", notification=told.id, kind=told.kind, tries=mail.tries)
        return 1

    def _give_up(self, tx: Tx) -> int:
        late = tx.notifications.give_up_mail(told_before=self._clock.now() - MAILED_WITHIN, limit=_GIVEN_UP_AT_ONCE)
        for each in late:
            # What was never tried was told while mail was off.
            if each.tries:
                self._log.error("mail_given_up", notification=each.notification_id, tries=each.tries)
        return len(late)

    def _epoch(self) -> Epoch:
        with self._store.single_read() as tx:
            return tx.installation.epoch()
