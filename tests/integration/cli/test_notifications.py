"""``hxdav notifications``, and what ``hxdav doctor`` says of mail."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from hxdav.bootstrap.installation import Installation
from hxdav.bootstrap.working import make_outbox
from hxdav.config import load_settings
from hxdav.domain.notification import WORDINGS, NotificationKind
from hxdav.store.trail import Subject
from tests.integration.cli.command_line import ACCOUNTS, CommandLine, soon
from tests.integration.mail_server import SENDER, a_mail_server

TWO = f"""{ACCOUNTS}
[[practice_groups.users]]
username = "tom"
name = "Tom Okafor"

[[practice_groups.practitioners]]
key = "tom"
name = "Tom Okafor"
user = "tom"
"""


@pytest.fixture
def told(hxdav: CommandLine) -> CommandLine:
    """An installation in which maya was told of her review, then tom of his renewal, then maya of an appointment."""
    hxdav.apply(TWO)
    hxdav.set_password("maya")
    hxdav.must("subscriptions", "buy", "maya", "--yes")
    assert hxdav.as_user("maya", "integrations", "add").code == 0
    hxdav.must("appointments", "add", "--practitioner", "maya", "--start", soon(), "--title", "Supervision")
    with closing(Installation(load_settings(hxdav.config))) as here, here.store.transaction() as tx:
        maya, tom = tx.people.practitioners()
        (calendar,) = tx.integrations.of(maya.id)
        (appointment,) = tx.appointments.of(maya.id)
        now = here.clock.now()
        about = Subject(
            practice_group_id=maya.practice_group_id,
            practitioner_id=maya.id,
            integration_id=calendar.id,
            appointment_id=appointment.id,
        )
        whole = Subject(practice_group_id=maya.practice_group_id, practitioner_id=maya.id)
        other = Subject(practice_group_id=tom.practice_group_id, practitioner_id=tom.id)
        for subject, kind, hours in (
            (whole, NotificationKind.REVIEW_WAITING, 23),
            (about, NotificationKind.NOTE_PROTECTS, 1),
            (other, NotificationKind.RENEWAL_FAILED, 12),
        ):
            tx.notifications.tell(subject, kind=kind, at=now - timedelta(hours=hours))
    return hxdav


def of_mail(hxdav: CommandLine) -> dict[str, Any]:
    (row,) = (row for row in hxdav.run("doctor", "--json").json if row["check"] == "mail")
    found: dict[str, Any] = row
    return found


def test_the_list_says_what_happened_and_what_to_do_the_latest_first(told: CommandLine) -> None:
    rows = told.listed("notifications", "list")

    assert [(row["practitioner"], row["kind"]) for row in rows] == [
        ("maya", "note_protects"),
        ("tom", "renewal_failed"),
        ("maya", "review_waiting"),
    ]
    wording = WORDINGS[NotificationKind.NOTE_PROTECTS]
    assert (rows[0]["happened"], rows[0]["to_do"]) == (wording.happened, wording.to_do)
    assert (rows[0]["calendar"], rows[0]["appointment"]) == ("HX_Harbour Street Psychology", 1)
    assert (rows[2]["calendar"], rows[2]["appointment"]) == (None, None)
    # The practice is in Sydney.
    assert rows[0]["at"][-6:] in {"+10:00", "+11:00"}


def test_the_table_is_for_people(told: CommandLine) -> None:
    shown = told.must("notifications", "list").out

    assert "HX_Harbour Street" in shown
    assert "Supervision" not in shown


def test_a_practitioner_sees_their_own_only(told: CommandLine) -> None:
    own = told.as_user("maya", "notifications", "list", "--json").json
    others = told.as_user("maya", "notifications", "list", "--practitioner", "tom")

    assert {row["practitioner"] for row in own} == {"maya"}
    assert len(own) == 2
    assert others.code == 1


def test_one_practitioner_can_be_chosen(told: CommandLine) -> None:
    rows = told.listed("notifications", "list", "--practitioner", "tom")

    assert [row["kind"] for row in rows] == ["renewal_failed"]


def test_a_limit_leaves_the_latest(told: CommandLine) -> None:
    rows = told.listed("notifications", "list", "--limit", "2")

    assert [row["kind"] for row in rows] == ["note_protects", "renewal_failed"]


def test_an_installation_mails_by_its_settings(told: CommandLine) -> None:
    told.apply(TWO.replace('username = "maya"', 'username = "maya"\nemail = "maya@practice.example"'))
    with a_mail_server() as server:
        told.config.write_text(
            f'[mail]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\nsender = "{SENDER}"\n'
        )
        with closing(Installation(load_settings(told.config))) as here:
            outbox = make_outbox(here)
            assert outbox is not None
            sent = outbox.send_due()

    # The refusal is no matter for mail, and tom has no address.
    assert sent == 1
    assert [each.addresses for each in server.received] == [["maya@practice.example"]]
    assert "http://127.0.0.1:5232" in server.received[0].body


def test_doctor_says_that_mail_is_off(practice: CommandLine) -> None:
    assert (of_mail(practice)["ok"], of_mail(practice)["found"].partition(";")[0]) == (True, "off")


def test_doctor_says_whether_the_mail_server_can_be_reached(practice: CommandLine) -> None:
    with a_mail_server() as server:
        practice.config.write_text(
            f'[mail]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\nsender = "{SENDER}"\n'
        )
        reached = of_mail(practice)
    gone = of_mail(practice)

    assert (reached["ok"], reached["found"]) == (True, f"127.0.0.1, port {server.port}, answers")
    assert gone["ok"] is False
    assert gone["found"] == f"The mail server 127.0.0.1, port {server.port}, takes no connections there."
    assert gone["mend"]
