"""Finding the way: principal, home and calendars where servers say it otherwise, or lead elsewhere."""

from __future__ import annotations

import contextlib
import re

import pytest

from hxdav.remote import AccessLost, CalendarId, Forbidden, NotTaken, TryLater
from hxdav.remotes.caldav import CalDavAccount, CalDavRemote, open_caldav
from tests.integration.remotes.rephrasing import LOOPBACK, Rephrased, refusing, without
from tests.simulators.caldav.listening import Answer, Asked, Listener


def test_a_forbidden_account_is_no_lost_access(remote: CalDavRemote, server: Rephrased) -> None:
    server.change = refusing(lambda asked: True, 403)

    with pytest.raises(Forbidden):
        remote.identify()


def test_a_calendar_with_another_address_is_found_by_its_description(remote: CalDavRemote, server: Rephrased) -> None:
    made = remote.make_calendar("HX_One", marker="hxdav-0002", zone="Europe/Dublin")
    server.change = lambda asked, answer: Answer(
        code=answer.code, headers=answer.headers, body=answer.body.replace(b"hxdav-0002/", b"another-name/")
    )

    assert remote.find_calendar("hxdav-0002") == made.replace("hxdav-0002", "another-name")


def test_a_marker_that_is_no_address_is_found_again(remote: CalDavRemote) -> None:
    made = remote.make_calendar("HX_One", marker="urn:hxdav:ü/1", zone="Europe/Dublin")

    assert remote.find_calendar("urn:hxdav:ü/1") == made


def test_an_account_that_takes_no_calendar_is_told_so(remote: CalDavRemote, server: Rephrased) -> None:
    def change(asked: Asked, answer: Answer) -> Answer:
        if asked.method == "MKCALENDAR":
            server.straight(Asked(method="DELETE", path=asked.path, headers={}))
            return Answer(code=403)
        return answer

    server.change = change

    with pytest.raises(NotTaken):
        remote.make_calendar("HX_One", marker="hxdav-0003", zone="Europe/Dublin")


def test_a_calendar_that_is_made_and_not_shown_is_looked_for_later(remote: CalDavRemote, server: Rephrased) -> None:
    def hidden(asked: Asked, answer: Answer) -> Answer:
        if asked.method == "MKCALENDAR":
            server.straight(Asked(method="DELETE", path=asked.path, headers={}))
        return answer

    server.change = hidden

    with pytest.raises(TryLater):
        remote.make_calendar("HX_One", marker="hxdav-0004", zone="Europe/Dublin")


def test_a_calendar_is_not_gone_while_the_home_does_not_answer(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    server.change = refusing(lambda asked: b"resourcetype" in asked.body, 404)

    with pytest.raises(TryLater):
        remote.calendar_state(calendar_id)


def test_an_account_without_a_principal_is_told(remote: CalDavRemote, server: Rephrased) -> None:
    server.change = refusing(lambda asked: True, 404)

    with pytest.raises(Forbidden) as caught:
        remote.identify()

    assert caught.value.code == "no_principal"


def test_a_web_server_that_does_not_know_webdav_makes_no_sense(remote: CalDavRemote, server: Rephrased) -> None:
    server.change = refusing(lambda asked: True, 405)

    with pytest.raises(TryLater):
        remote.identify()


def test_a_principal_without_a_home_is_told(remote: CalDavRemote, server: Rephrased) -> None:
    server.change = without("calendar-home-set")

    with pytest.raises(Forbidden) as caught:
        remote.calendar_names()

    assert caught.value.code == "no_home"


def test_a_server_that_lets_nobody_in_by_name_is_access_lost(remote: CalDavRemote, server: Rephrased) -> None:
    server.change = lambda asked, answer: Answer(
        code=answer.code,
        headers=answer.headers,
        body=re.sub(
            rb"<current-user-principal>.*?</current-user-principal>",
            b"<current-user-principal><unauthenticated/></current-user-principal>",
            answer.body,
            flags=re.DOTALL,
        ),
    )

    with pytest.raises(AccessLost):
        remote.identify()


def test_credentials_never_go_to_a_host_that_an_answer_names(remote: CalDavRemote, server: Rephrased) -> None:
    heard: list[Asked] = []

    def listening(asked: Asked) -> Answer:
        heard.append(asked)
        return Answer(code=200)

    with Listener(listening) as elsewhere:
        server.change = lambda asked, answer: Answer(
            code=answer.code,
            headers=answer.headers,
            body=re.sub(
                rb"<((?:\w+:)?)calendar-home-set>\s*<((?:\w+:)?)href>[^<]*<",
                rb"<\1calendar-home-set><\2href>http://localhost:%d/<" % elsewhere.port,
                answer.body,
            ),
        )
        with pytest.raises(Forbidden) as caught:
            remote.calendar_names()

    assert caught.value.code == "not_reachable"
    assert heard == []


def test_an_account_can_be_given_by_the_address_of_its_principal(server: Rephrased) -> None:
    with Listener(server.respond) as listener:
        account = CalDavAccount(
            username=server.account.username,
            password=server.account.password,
            url=f"http://127.0.0.1:{listener.port}/{server.account.username}/",
        )
        with contextlib.closing(open_caldav(account, reach=LOOPBACK)) as remote:
            remote.identify()

    assert [asked.path for asked in server.asked] == [f"/{server.account.username}/"]
