"""What is asked of the server itself: ResolveNames and GetServerTimeZones."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.simulators.ews.calls import EwsCall
from tests.simulators.ews.rendering import mailbox_element
from tests.simulators.ews.times import WINDOWS_ZONES, zone_of
from tests.simulators.ews.wire import Element, EwsRefusal, children, flag, m, refused, succeeded, t, text_at


def resolve_names(call: EwsCall) -> list[Element]:
    """The accounts whose name or address begins with the entry."""
    entry = (text_at(call.body, "m:UnresolvedEntry") or "").lower().removeprefix("smtp:")
    found = [one for one in call.world.mailboxes.values() if _is_named(entry, one.email, one.name)]
    if not entry or not found:
        return [refused("ResolveNames", EwsRefusal("ErrorNameResolutionNoResults", "No results were found."))]
    told = m(
        "ResolutionSet",
        *(t("Resolution", mailbox_element(one)) for one in found),
        TotalItemsInView=str(len(found)),
        IncludesLastItemInRange=flag(True),  # noqa: FBT003
    )
    return [succeeded("ResolveNames", told)]


def _is_named(entry: str, email: str, name: str) -> bool:
    return email.lower().startswith(entry) or name.lower().startswith(entry)


def get_server_time_zones(call: EwsCall) -> list[Element]:
    """Zones by their Windows names; in full each has its standard time only, which no client of ours computes with."""
    ids = [one.text or "" for one in children(call.body, "m:Ids")] or [
        name for name in WINDOWS_ZONES if not name.startswith("tzone:")
    ]
    is_full = call.body.get("ReturnFullTimeZoneData") == "true"
    known = [name for name in ids if name in WINDOWS_ZONES]
    definitions = m("TimeZoneDefinitions", *(_definition(name, is_full=is_full) for name in known))
    return [succeeded("GetServerTimeZones", definitions)]


def _definition(name: str, *, is_full: bool) -> Element:
    if not is_full:
        return t("TimeZoneDefinition", Id=name, Name=name)
    january = datetime(2026, 1, 1, tzinfo=zone_of(name))
    minutes = -int((january.utcoffset() or timedelta()).total_seconds()) // 60
    bias = f"{'-' if minutes < 0 else ''}PT{abs(minutes)}M"
    period = t("Period", Bias=bias, Name="Standard", Id="trule:Standard")
    to_period = t("Transition", t("To", text="trule:Standard", Kind="Period"))
    to_group = t("Transition", t("To", text="0", Kind="Group"))
    return t(
        "TimeZoneDefinition",
        t("Periods", period),
        t("TransitionsGroups", t("TransitionsGroup", to_period, Id="0")),
        t("Transitions", to_group),
        Id=name,
        Name=name,
    )
