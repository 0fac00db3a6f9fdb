"""Disconnecting and connecting again (rule 9); and that the grant of an account is given back by the last one only."""

from __future__ import annotations

import json

from tests.e2e.bridged import SHOWN, BridgedDemo, a_moment, a_second_name
from tests.waiting import until


def test_what_lies_ahead_moves_to_the_new_calendar_but_for_what_was_edited_meanwhile(bridged_demo: BridgedDemo) -> None:
    demo, email = bridged_demo, "maya@gmail.example"
    new_name = a_second_name()
    # What began then is over whenever the test runs, and yet within the window of a calendar of today.
    midnight = a_moment(0, 0)
    first = demo.connect_google("maya", email)
    old = demo.google_face(email)
    with demo.native_face("maya") as native:
        native.add("over@example", "Already over", midnight)
    until(lambda: len(old.seen()) == SHOWN + 1, what="the demo's appointments")
    ahead = [shown.starts for shown in old.seen() if shown.title == "Appointment" and shown.starts >= a_moment(1, 0)]
    demo.own("maya", "integrations", "remove", str(first["id"]), "--yes")
    edited = old.one_at(a_moment(6, 9))
    old.retitle(edited, "Call back first")

    second = demo.connect_google("maya", email)

    new = demo.google_face(email, new_name)
    assert second["name"] == new_name
    until(lambda: len(new.seen()) >= SHOWN, what="the new calendar to fill")
    until(
        lambda: {shown.starts for shown in old.seen()}.isdisjoint({*ahead} - {edited.starts}), what="the old to empty"
    )
    assert {"Call back first", "Already over"} <= set(old.titles())
    assert {*ahead} <= {shown.starts for shown in new.seen()}
    told = json.loads(demo.own("maya", "notifications", "list", "--json"))
    assert "old_calendar_edited" in {each["kind"] for each in told}


def test_disconnecting_one_of_two_in_an_account_leaves_the_other_its_access(bridged_demo: BridgedDemo) -> None:
    demo, email = bridged_demo, "desk@gmail.example"
    rows = {user: demo.connect_google(user, email) for user in ("maya", "tom")}
    toms = demo.google_face(email, rows["tom"]["name"])
    until(lambda: len(toms.seen()) == SHOWN, what="the demo's appointments")

    demo.own("maya", "integrations", "remove", str(rows["maya"]["id"]), "--yes")

    toms.add("later@gmail.example", "Still here", a_moment(7, 18))
    with demo.native_face("tom") as native:
        until(lambda: native.titles_at(a_moment(7, 18)) == ["Still here"], what="the edit to come through")
