"""PROPPATCH: the name, dead properties as XML, and protected ones refused before anything is stored."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.builders import an_object
from tests.integration.dav.caller import CALENDAR, CS, HOME, SPACES, C, Caller, D, Got

X = "urn:example"
TIMEZONE = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n"


def patch(maya: Caller, *sets: str, path: str = CALENDAR, removes: str = "", order: str = "sr") -> Got:
    parts = {
        "s": "".join(f"<D:set><D:prop>{each}</D:prop></D:set>" for each in sets),
        "r": f"<D:remove><D:prop>{removes}</D:prop></D:remove>" if removes else "",
    }
    content = "".join(parts[each] for each in order)
    return maya.request("PROPPATCH", path, f"<D:propertyupdate {SPACES}>{content}</D:propertyupdate>")


def statuses(got: Got) -> dict[str, int]:
    (response,) = got.responses.values()
    return {name: status for name, (status, _) in response.properties.items()}


def test_a_rename_is_kept_on_the_calendar(maya: Caller) -> None:
    got = patch(maya, "<D:displayname>Maya's  days &amp; nights</D:displayname>")

    assert statuses(got) == {f"{D}displayname": 200}
    assert (
        maya.propfind(CALENDAR, "D:displayname").responses[CALENDAR].text(f"{D}displayname") == "Maya's days & nights"
    )
    with maya.world.store.snapshot() as tx:
        assert tx.integrations.one(maya.integration_id).name == "Maya's days & nights"


@pytest.mark.parametrize("name", ["", "   ", "x" * 256, "<D:href/>"])
def test_a_calendar_has_a_name_of_some_length(maya: Caller, name: str) -> None:
    assert statuses(patch(maya, f"<D:displayname>{name}</D:displayname>")) == {f"{D}displayname": 409}


def test_a_name_cannot_be_taken_away(maya: Caller) -> None:
    assert statuses(patch(maya, removes="<D:displayname/>")) == {f"{D}displayname": 403}


@pytest.mark.parametrize("path", [CALENDAR, HOME])
@pytest.mark.parametrize(
    "xml",
    [
        f'<x:a xmlns:x="{X}" x:q="1" p="2">t<x:b>u<C:comp name="V&amp;&lt;"/></x:b>v</x:a>',
        f'<a xmlns="{X}"><b xmlns="">no namespace</b></a>',
        '<bare xmlns=""><D:href>/x/</D:href></bare>',
        "<C:schedule-calendar-transp><C:opaque/></C:schedule-calendar-transp>",
        "<C:calendar-free-busy-set><D:href>/maya/</D:href></C:calendar-free-busy-set>",
        "<C:default-alarm-vevent-datetime>BEGIN:VALARM&#13;\nEND:VALARM</C:default-alarm-vevent-datetime>",
        f'<x:l xmlns:x="{X}" xml:lang="de">Wörter \U0001f600</x:l>',
        f'<x:empty xmlns:x="{X}"/>',
        "<CS:unknown>1</CS:unknown>",
    ],
)
def test_a_dead_property_comes_back_with_its_attributes_and_children(maya: Caller, path: str, xml: str) -> None:
    wanted = ET.fromstring(f"<r {SPACES}>{xml}</r>")[0]

    assert statuses(patch(maya, xml, path=path)) == {wanted.tag: 200}

    body = f"<D:propfind {SPACES}><D:prop>{_emptied(wanted)}</D:prop></D:propfind>"
    found = maya.request("PROPFIND", path, body).responses[path].properties[wanted.tag][1]
    assert ET.canonicalize(ET.tostring(found)) == ET.canonicalize(ET.tostring(wanted)) or _same(found, wanted)


def _emptied(tree: ET.Element) -> str:
    space, _, local = tree.tag[1:].rpartition("}") if tree.tag.startswith("{") else ("", "", tree.tag)
    return f'<{local} xmlns="{space}"/>'


def _same(one: ET.Element, other: ET.Element) -> bool:
    return (one.tag, one.text, one.attrib, len(one)) == (other.tag, other.text, other.attrib, len(other)) and all(
        _same(*pair) and pair[0].tail == pair[1].tail for pair in zip(one, other, strict=True)
    )


def test_the_language_of_the_whole_is_that_of_its_parts(maya: Caller) -> None:
    content = f'<D:set><D:prop><x xmlns="{X}">Wort</x></D:prop></D:set>'
    body = f'<D:propertyupdate {SPACES} xml:lang="de">{content}</D:propertyupdate>'
    maya.request("PROPPATCH", CALENDAR, body)

    found = maya.propfind(CALENDAR, f"{{{X}}}x").responses[CALENDAR].properties[f"{{{X}}}x"][1]

    assert found.get("{http://www.w3.org/XML/1998/namespace}lang") == "de"


def test_properties_are_kept_apart_for_each_calendar_and_the_home(maya: Caller) -> None:
    maya.world.integration("hx-two")
    patch(maya, f'<x xmlns="{X}">one</x>')

    for path in (HOME, "/maya/hx-two/"):
        assert not maya.propfind(path, f"{{{X}}}x").responses[path].has(f"{{{X}}}x")


def test_the_last_word_on_a_property_counts(maya: Caller) -> None:
    patch(maya, f'<x xmlns="{X}">one</x>', f'<x xmlns="{X}">two</x>', f'<y xmlns="{X}"/>', removes=f'<y xmlns="{X}"/>')

    calendar = maya.propfind(CALENDAR, f"{{{X}}}x", f"{{{X}}}y").responses[CALENDAR]

    assert calendar.text(f"{{{X}}}x") == "two"
    assert not calendar.has(f"{{{X}}}y")


def test_what_is_not_there_can_be_removed(maya: Caller) -> None:
    assert statuses(patch(maya, removes=f'<x xmlns="{X}"/>')) == {f"{{{X}}}x": 200}


PROTECTED = [
    *(f"D:{name}" for name in ("resourcetype", "getetag", "owner", "current-user-privilege-set", "sync-token",
                               "supported-report-set", "getlastmodified", "creationdate", "principal-URL")),
    *(f"C:{name}" for name in ("supported-calendar-component-set", "supported-calendar-data", "max-resource-size",
                               "calendar-home-set", "min-date-time")),
    "CS:getctag",
]  # fmt: skip


@pytest.mark.parametrize("name", PROTECTED)
@pytest.mark.parametrize("path", [CALENDAR, HOME])
@pytest.mark.parametrize("instruction", ["set", "remove"])
def test_a_protected_property_is_refused_before_anything_is_stored(
    maya: Caller, name: str, path: str, instruction: str
) -> None:
    maya.put()
    before = maya.propfind(CALENDAR, "D:displayname", "D:resourcetype", "D:sync-token").body

    other = f'<x xmlns="{X}">kept?</x>'
    got = (
        patch(maya, other, f"<{name}/>", path=path)
        if instruction == "set"
        else patch(maya, other, path=path, removes=f"<{name}/>")
    )

    assert sorted(statuses(got).values()) == [403, 424]
    assert got.tree.find(f".//{D}error/{D}cannot-modify-protected-property") is not None
    assert not maya.propfind(path, f"{{{X}}}x").responses[path].has(f"{{{X}}}x")
    assert maya.propfind(CALENDAR, "D:displayname", "D:resourcetype", "D:sync-token").body == before
    assert maya.request("GET", CALENDAR + "a.ics").body.decode() == an_object()


def test_a_rename_fails_with_what_it_came_with(maya: Caller) -> None:
    got = patch(maya, "<D:displayname>New</D:displayname><D:getetag/>")

    assert statuses(got) == {f"{D}displayname": 424, f"{D}getetag": 403}
    assert maya.propfind(CALENDAR, "D:displayname").responses[CALENDAR].text(f"{D}displayname") != "New"


@pytest.mark.parametrize(("text", "status"), [(TIMEZONE, 200), ("nonsense", 403), (an_object(), 403), ("", 403)])
def test_a_time_zone_is_kept_if_it_is_one(maya: Caller, text: str, status: int) -> None:
    escaped = text.replace("\r", "&#13;")

    got = patch(maya, f"<C:calendar-timezone>{escaped}</C:calendar-timezone>")

    assert statuses(got) == {f"{C}calendar-timezone": status}


@pytest.mark.parametrize(
    "xml",
    [
        f'<x xmlns="{X}">{"x" * 70_000}</x>',
        f'<x xmlns="{X}">{"<y>" * 60}{"</y>" * 60}</x>',
        f'<x xmlns="{X}">{"<y>" * 20_000}{"</y>" * 20_000}</x>',
    ],
)
def test_a_property_of_more_than_64_kilobytes_or_of_great_depth_is_too_much(maya: Caller, xml: str) -> None:
    assert statuses(patch(maya, xml)) == {f"{{{X}}}x": 507}


def test_a_resource_has_two_hundred_properties_at_most(maya: Caller) -> None:
    assert set(statuses(patch(maya, *(f'<x{number} xmlns="{X}"/>' for number in range(200)))).values()) == {200}

    assert statuses(patch(maya, f'<more xmlns="{X}"/>')) == {f"{{{X}}}more": 507}
    assert statuses(patch(maya, f'<x0 xmlns="{X}">again</x0>')) == {f"{{{X}}}x0": 200}
    assert statuses(patch(maya, f'<more xmlns="{X}"/>', removes=f'<x0 xmlns="{X}"/>', order="rs")) == {
        f"{{{X}}}x0": 200,
        f"{{{X}}}more": 200,
    }


def test_a_change_of_properties_is_no_change_of_what_the_calendar_shows(maya: Caller) -> None:
    before = maya.propfind(CALENDAR, "CS:getctag").responses[CALENDAR].text(f"{CS}getctag")

    patch(maya, "<D:displayname>New</D:displayname>", f'<x xmlns="{X}"/>')

    assert maya.propfind(CALENDAR, "CS:getctag").responses[CALENDAR].text(f"{CS}getctag") == before


@pytest.mark.parametrize("path", ["/", CALENDAR + "a.ics", CALENDAR + "none.ics"])
def test_the_root_and_objects_keep_no_properties(maya: Caller, path: str) -> None:
    maya.put()

    got = patch(maya, f'<x xmlns="{X}"/>', path=path)

    assert got.status == 403
    assert got.tree.findtext(f"{D}need-privileges/{D}resource/{D}href") == path


def test_properties_of_what_is_not_there_cannot_be_set(maya: Caller) -> None:
    assert patch(maya, f'<x xmlns="{X}"/>', path="/maya/nowhere/").status == 404
