"""What cannot wait is mailed: once, to those whom it concerns, and without a word about a patient."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from hxdav.domain.ids import AppointmentId, IntegrationId, UserId, Username
from hxdav.domain.notification import MAILED, WORDINGS, NotificationKind
from hxdav.mail.outbox import Outbox
from hxdav.mail.settings import MailSettings, Security
from hxdav.mail.smtp import MailServerFailed, conversation
from hxdav.store.store import Store
from hxdav.store.trail import Subject
from tests.builders import PracticeWorld, a_practice, an_object
from tests.integration.mail_server import (
    PASSWORD,
    SENDER,
    USERNAME,
    MailServer,
    a_careful_mail_server,
    a_mail_server,
    a_server_that_hangs_up,
)
from tests.logs import captured_logs

MAYA = "maya@practice.example"
ROBIN = "robin@practice.example"


@dataclass
class Post:
    """A practice whose practitioner can be told something, and the mail server that its outbox sends by."""

    world: PracticeWorld
    server: MailServer
    logged: list[Any] = field(default_factory=list)

    def tell(
        self,
        kind: NotificationKind = NotificationKind.REVIEW_WAITING,
        *,
        integration_id: IntegrationId | None = None,
        appointment_id: AppointmentId | None = None,
    ) -> None:
        with self.world.store.transaction() as tx:
            subject = Subject(
                practice_group_id=tx.people.practitioner(self.world.practitioner_id).practice_group_id,
                practitioner_id=self.world.practitioner_id,
                integration_id=integration_id,
                appointment_id=appointment_id,
            )
            tx.notifications.tell(subject, kind=kind, at=self.world.clock.now())

    def reach(self, user_id: UserId, **changes: Any) -> None:
        with self.world.store.transaction() as tx:
            tx.people.change_user(replace(tx.people.user(user_id), **changes))

    def add_administrator(self, username: str, *, email: str | None, of: PracticeWorld | None = None) -> UserId:
        with self.world.store.transaction() as tx:
            practitioner = tx.people.practitioner((of or self.world).practitioner_id)
            return tx.people.add_user(
                practice_group_id=practitioner.practice_group_id,
                username=Username(username),
                name=username.title(),
                administrator=True,
                email=email,
            )

    def outbox(self, settings: MailSettings | None = None) -> Outbox:
        return Outbox(store=self.world.store, clock=self.world.clock, settings=settings or self.server.settings())

    def send(self, settings: MailSettings | None = None) -> int:
        with captured_logs() as logged:
            sent = self.outbox(settings).send_due()
        self.logged += logged
        return sent

    @property
    def recipients(self) -> list[list[str]]:
        return [sorted(each.addresses) for each in self.server.received]

    def events(self) -> list[str]:
        return [each["event"] for each in self.logged]


@pytest.fixture
def server() -> Iterator[MailServer]:
    with a_mail_server() as found:
        yield found


@pytest.fixture
def post(sqlite_store: Store, server: MailServer) -> Post:
    return a_post(sqlite_store, server)


def a_post(store: Store, server: MailServer) -> Post:
    found = Post(world=a_practice(store), server=server)
    found.reach(found.world.user_id, email=MAYA)
    return found


# What a mail says


def test_a_mail_says_what_happened_and_what_to_do(post: Post) -> None:
    post.tell(NotificationKind.REVIEW_WAITING)

    assert post.send() == 1

    (received,) = post.server.received
    message, wording = received.message, WORDINGS[NotificationKind.REVIEW_WAITING]
    assert received.addresses == [MAYA]
    assert (message["From"], message["To"]) == (SENDER, MAYA)
    assert message["Subject"] == wording.happened.removesuffix(".")
    assert message["Date"].datetime == post.world.clock.now()
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert received.body.replace("\r\n", "\n").split("\n\n")[:3] == [
        wording.happened,
        wording.to_do,
        "This concerns Maya Lin, Harbour Street Psychology.\nhttps://calendar.example",
    ]


def test_a_mail_says_nothing_of_the_appointment_the_patient_or_the_calendar(post: Post) -> None:
    integration_id = post.world.integration()
    appointment = post.world.book(
        an_object("session@example", "LOCATION:Room 4", "DESCRIPTION:second session", summary="Jo Doe"),
        patients=("Jo Doe",),
    )
    for kind in sorted(MAILED):
        post.tell(kind, integration_id=integration_id, appointment_id=appointment.id)

    assert post.send() == len(MAILED)

    for received in post.server.received:
        text = received.octets.decode() + received.body
        for word in ("Jo Doe", "session", "Room 4", "HX_", "hx-one", "2026-11-24", "24 Nov"):
            assert word not in text


def test_letters_beyond_ascii_arrive(post: Post) -> None:
    with post.world.store.transaction() as tx:
        practitioner = tx.people.practitioner(post.world.practitioner_id)
        tx.people.change_practitioner(replace(practitioner, name="Zoë Łukasz"))
    post.tell()

    post.send()

    assert post.server.received[0].octets.isascii()
    assert "This concerns Zoë Łukasz, " in post.server.received[0].body


# What is mailed, and to whom


@pytest.mark.parametrize("kind", NotificationKind)
def test_only_what_cannot_wait_is_mailed(kind: NotificationKind, post: Post) -> None:
    post.tell(kind)

    assert post.send() == (kind in MAILED)


def test_renewals_are_mailed_to_administrators_too(store: Store, server: MailServer) -> None:
    post = a_post(store, server)
    post.add_administrator("robin", email=ROBIN)
    gone = post.add_administrator("kim", email="kim@practice.example")
    post.reach(gone, enabled=False)
    suspended = post.add_administrator("lee", email="lee@practice.example")
    with store.transaction() as tx:
        tx.people.suspend_user(suspended, at=post.world.clock.now())
    post.add_administrator("sam", email=None)
    post.add_administrator("ash", email="ash@elsewhere.example", of=a_practice(store, key="other", username="tom"))
    post.tell(NotificationKind.RENEWAL_SHORT)
    post.tell(NotificationKind.RENEWAL_FAILED)
    post.tell(NotificationKind.REVIEW_WAITING)

    post.send()

    assert post.recipients == [[MAYA, ROBIN], [MAYA, ROBIN], [MAYA]]


def test_an_administrator_who_practises_is_mailed_once(post: Post) -> None:
    post.reach(post.world.user_id, administrator=True)
    post.add_administrator("robin", email=MAYA)
    post.tell(NotificationKind.RENEWAL_FAILED)

    post.send()

    assert post.recipients == [[MAYA]]


def test_who_has_no_address_is_not_mailed_later_either(post: Post) -> None:
    post.reach(post.world.user_id, email=None)
    post.tell()
    assert post.send() == 0

    post.reach(post.world.user_id, email=MAYA)
    post.world.clock.advance(hours=1)

    assert post.send() == 0
    assert post.server.received == []


def test_without_a_host_nothing_is_mailed(post: Post) -> None:
    post.tell()

    assert post.send(MailSettings()) == 0


def test_what_was_told_shortly_before_mail_was_turned_on_is_mailed(post: Post) -> None:
    post.tell()
    post.send(MailSettings())
    post.world.clock.advance(hours=23, minutes=59)

    assert post.send() == 1


# Once, and at least once


def test_what_was_mailed_is_not_mailed_again(store: Store, server: MailServer) -> None:
    post = a_post(store, server)
    post.tell()
    assert post.send() == 1

    post.world.clock.advance(hours=3)

    assert post.send() == 0
    assert len(server.received) == 1


def test_two_that_send_at_once_send_each_mail_once(store: Store, server: MailServer) -> None:
    post = a_post(store, server)
    for _ in range(6):
        post.tell()
    sent: list[int] = []
    together = threading.Barrier(2)

    def send() -> None:
        together.wait()
        sent.append(post.outbox().send_due())

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(sent) == 6
    assert len({each.message["Message-ID"] for each in server.received}) == len(server.received) == 6


def test_what_somebody_else_has_claimed_is_left_to_them_for_a_while(store: Store, server: MailServer) -> None:
    post = a_post(store, server)
    post.tell()
    now = post.world.clock.now()
    with store.transaction() as tx:
        # Whoever claims it here dies before anything is sent.
        assert tx.notifications.claim_mail(now=now, again_at=[now.replace(minute=5)]) is not None

    assert post.send() == 0
    post.world.clock.advance(minutes=5)

    assert post.send() == 1


def test_a_double_has_the_same_message_id(post: Post) -> None:
    post.tell()
    # The server has taken the message, and says that it has not.
    post.server.answers.append("451 try again")
    assert post.send() == 0

    post.world.clock.advance(minutes=5)

    assert post.send() == 1
    first, second = post.server.received
    assert first.octets == second.octets
    assert first.message["Message-ID"].endswith("@practice.example>")


# Trouble


def test_a_server_that_is_down_gets_the_mail_when_it_is_up(post: Post) -> None:
    post.tell()
    post.server.stop()
    assert post.send() == 0
    assert post.logged == [{"event": "mail_server_failed", "log_level": "warning", "cause": "ConnectionRefusedError"}]

    post.server.start()
    post.world.clock.advance(minutes=4)
    assert post.send() == 0
    post.world.clock.advance(minutes=1)

    assert post.send() == 1


def test_tries_become_rarer(store: Store, server: MailServer) -> None:
    post = a_post(store, server)
    post.tell()
    server.refusals[MAYA] = "450 busy"
    tried: list[int] = []

    for minute in range(0, 200, 5):
        before = len(post.logged)
        post.send()
        tried += [minute] * (len(post.logged) - before)
        post.world.clock.advance(minutes=5)

    assert tried == [0, 5, 15, 35, 75, 135, 195]


def test_a_server_that_hangs_up_is_tried_again(post: Post) -> None:
    post.tell()
    with a_server_that_hangs_up() as port:
        assert post.send(post.server.settings(port=port)) == 0
    assert post.events() == ["mail_server_failed"]

    post.world.clock.advance(minutes=5)

    assert post.send() == 1


def test_a_server_that_hangs_up_between_two_mails_gets_both_later(post: Post) -> None:
    post.tell()
    post.tell()
    post.server.answers.append("421 going down")
    assert post.send() == 0
    assert post.events() == ["mail_refused", "mail_server_failed"]

    post.world.clock.advance(minutes=5)

    assert post.send() == 2


def test_one_bad_address_does_not_stop_the_others(post: Post) -> None:
    post.add_administrator("robin", email=ROBIN)
    post.server.refusals[MAYA] = "550 nobody here"
    post.tell(NotificationKind.REVIEW_WAITING)
    post.tell(NotificationKind.RENEWAL_FAILED)

    assert post.send() == 1

    assert post.recipients == [[ROBIN]]
    refused = [each for each in post.logged if each["event"] == "mail_refused"]
    assert [each["replies"] for each in refused] == [(550,), (550,)]
    post.world.clock.advance(minutes=5)
    # Nobody has got the first one yet, so it is tried again; the second has reached whom it can reach.
    assert post.send() == 0
    assert post.events().count("mail_refused") == 3


def test_who_is_to_be_tried_again_gets_the_mail_then(post: Post) -> None:
    post.add_administrator("robin", email=ROBIN)
    post.server.refusals[MAYA] = "450 busy"
    post.tell(NotificationKind.RENEWAL_FAILED)
    assert post.send() == 0

    post.server.refusals.clear()
    post.world.clock.advance(minutes=5)

    assert post.send() == 1
    assert post.recipients == [[ROBIN], [MAYA, ROBIN]]


def test_a_sender_that_is_refused_is_told_and_tried_again(post: Post) -> None:
    post.tell()
    post.server.answers.append("554 not from you")

    assert post.send() == 0

    assert post.logged == [
        {"event": "mail_refused", "log_level": "warning", "notification": 1, "tries": 1, "replies": (554,)}
    ]


def test_after_a_day_a_mail_is_given_up(store: Store, server: MailServer) -> None:
    post = a_post(store, server)
    post.tell()
    server.refusals[MAYA] = "450 busy"
    post.send()
    server.refusals.clear()
    post.world.clock.advance(hours=24)

    assert post.send() == 0

    assert post.logged[-1] == {"event": "mail_given_up", "log_level": "error", "notification": 1, "tries": 1}
    post.world.clock.advance(hours=1)
    assert post.send() == 0
    assert server.received == []


def test_what_was_told_long_before_mail_was_turned_on_is_never_mailed(store: Store, server: MailServer) -> None:
    post = a_post(store, server)
    for _ in range(3):
        post.tell()
    post.world.clock.advance(hours=24)

    assert post.send() == 0

    assert (post.logged, server.received) == ([], [])


# TLS and logins


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_mail_is_sent_over_tls_after_a_login(
    security: Security, sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_careful_mail_server(tmp_path / "tls", security=security) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls" / "ca.pem"))
        post = a_post(sqlite_store, server)
        post.tell()

        assert post.send(server.settings(host="localhost", username=USERNAME, password=PASSWORD)) == 1

        assert post.recipients == [[MAYA]]


def test_a_wrong_password_is_told_without_it(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_careful_mail_server(tmp_path / "tls", security=Security.STARTTLS) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls" / "ca.pem"))
        post = a_post(sqlite_store, server)
        post.tell()
        settings = server.settings(host="localhost", username=USERNAME, password="open sesame")

        assert post.send(settings) == 0
        with (
            pytest.raises(MailServerFailed, match="refuses the user name or the password") as caught,
            conversation(settings),
        ):
            pass

        told = f"{post.logged} {settings} {caught.value}"
        assert "sesame" not in told
        assert MAYA not in told


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_that_is_not_trusted_is_refused(security: Security, tmp_path: Path) -> None:
    with a_careful_mail_server(tmp_path / "tls", security=security) as server:
        settings = server.settings(host="localhost", username=USERNAME, password=PASSWORD)

        with pytest.raises(MailServerFailed, match="certificate that is not trusted"), conversation(settings):
            pass


def test_nothing_is_sent_in_the_clear_where_tls_was_wanted(post: Post) -> None:
    post.tell()

    assert post.send(post.server.settings(security=Security.STARTTLS)) == 0

    assert post.server.received == []
    assert post.logged[0]["cause"] == "SMTPNotSupportedError"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"security": Security.TLS}, "does not speak TLS there"),
        ({"security": Security.STARTTLS}, "offers no STARTTLS"),
        ({"host": "mail.invalid"}, "is not known by that name"),
    ],
)
def test_what_is_wrong_with_a_server_is_a_sentence(changes: dict[str, Any], sentence: str, server: MailServer) -> None:
    with pytest.raises(MailServerFailed, match=sentence), conversation(server.settings(**changes)):
        pass
