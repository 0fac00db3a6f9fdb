"""The Graph simulator as Microsoft's own client library meets it, which hxdav does not use.

The library is loaded by name: its models are so many that a type checker that follows them takes minutes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from tests.simulators.graph.cases import ANNA, BERLIN, IMMUTABLE, MARK, WINTER, faithful_graph

# The library warns of parts of its own, when they are first asked for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

BEGIN = datetime(2026, 11, 23, 9)  # noqa: DTZ001 - the zone stands beside it
DELTA = "msgraph.generated.users.item.calendars.item.calendar_view.delta.delta_request_builder"
Act = Callable[[Any], Awaitable[Any]]


def loaded(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


def model(name: str) -> Any:
    return loaded("msgraph.generated.models." + re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(), name)


def spoken(act: Act) -> Any:
    """What the library makes of a simulator with one mailbox."""
    with faithful_graph() as graph:
        return asyncio.run(as_client(act, f"{graph.url}/v1.0", graph.user(ANNA).token()))


async def as_client(act: Act, base_url: str, token: str) -> Any:
    anonymous = loaded("kiota_abstractions.authentication", "AnonymousAuthenticationProvider")()
    adapter = loaded("msgraph.graph_request_adapter", "GraphRequestAdapter")(anonymous)
    adapter.base_url = base_url
    adapter._http_client.headers.update({"Authorization": f"Bearer {token}", "Prefer": IMMUTABLE})
    try:
        return await act(loaded("msgraph.graph_service_client", "GraphServiceClient")(request_adapter=adapter))
    finally:
        # The library's transport wraps another one, and does not close it.
        await adapter._http_client._transport.transport.aclose()
        await adapter._http_client.aclose()


def an_event() -> Any:
    moment, mark = model("DateTimeTimeZone"), model("SingleValueLegacyExtendedProperty")
    return model("Event")(
        subject="Desk",
        body=model("ItemBody")(content_type=model("BodyType").Text, content="words"),
        sensitivity=model("Sensitivity").Private,
        start=moment(date_time=BEGIN.isoformat(), time_zone=BERLIN),
        end=moment(date_time=(BEGIN + timedelta(hours=1)).isoformat(), time_zone=BERLIN),
        transaction_id="one",
        single_value_extended_properties=[mark(id=MARK, value="uid")],
    )


def a_series() -> Any:
    made = an_event()
    weekly, numbered = model("RecurrencePatternType").Weekly, model("RecurrenceRangeType").Numbered
    made.recurrence = model("PatternedRecurrence")(
        pattern=model("RecurrencePattern")(type=weekly, interval=1, days_of_week=[model("DayOfWeek").Monday]),
        range=model("RecurrenceRange")(type=numbered, start_date=BEGIN.date(), number_of_occurrences=3),
    )
    return made


async def a_calendar(sdk: Any) -> Any:
    made = await sdk.me.calendars.post(model("Calendar")(name="HX_Harbour"))
    return sdk.me.calendars.by_calendar_id(made.id)


async def a_round(calendar: Any, link: str | None = None) -> Any:
    builder = calendar.calendar_view.delta
    if link:
        return await builder.with_url(link).get()
    parameters = loaded(DELTA, "DeltaRequestBuilder").DeltaRequestBuilderGetQueryParameters(
        start_date_time=WINTER["startDateTime"], end_date_time=WINTER["endDateTime"]
    )
    configured = loaded("kiota_abstractions.base_request_configuration", "RequestConfiguration")
    return await builder.get(request_configuration=configured(query_parameters=parameters))


def test_it_creates_reads_changes_and_deletes_an_event() -> None:
    async def act(sdk: Any) -> None:
        calendar = await a_calendar(sdk)
        made = await calendar.events.post(an_event())
        one = calendar.events.by_event_id(made.id)

        assert made.sensitivity is model("Sensitivity").Private
        assert made.type is model("EventType").SingleInstance
        assert made.start.date_time == "2026-11-23T08:00:00.0000000"
        assert (await one.patch(model("Event")(subject="New"))).subject == "New"
        assert (await one.get()).created_date_time <= datetime.now(UTC)
        await one.delete()
        with pytest.raises(loaded("msgraph.generated.models.o_data_errors.o_data_error", "ODataError")) as caught:
            await one.get()
        assert (caught.value.response_status_code, caught.value.error.code) == (404, "ErrorItemNotFound")

    spoken(act)


def test_it_follows_delta_from_round_to_round() -> None:
    async def act(sdk: Any) -> None:
        calendar = await a_calendar(sdk)
        made = await calendar.events.post(an_event())
        first = await a_round(calendar)
        await calendar.events.by_event_id(made.id).delete()
        second = await a_round(calendar, first.odata_delta_link)

        assert [one.id for one in first.value] == [made.id]
        assert [one.id for one in second.value] == [made.id]
        assert second.value[0].additional_data["@removed"]["reason"] == "deleted"

    spoken(act)


def test_it_reads_a_series_with_its_occurrences() -> None:
    async def act(sdk: Any) -> None:
        calendar, kinds = await a_calendar(sdk), model("EventType")
        made = await calendar.events.post(a_series())
        listed = (await a_round(calendar)).value
        second = [one for one in listed if one.type is kinds.Occurrence][1]
        changed = await calendar.events.by_event_id(second.id).patch(model("Event")(subject="Elsewhere"))

        assert made.type is kinds.SeriesMaster
        assert made.recurrence.range.start_date == BEGIN.date()
        assert [one.type for one in listed].count(kinds.Occurrence) == 3
        assert changed.type is kinds.Exception
        assert changed.original_start == datetime(2026, 11, 30, 8, tzinfo=UTC)

    spoken(act)


def test_it_lists_calendars() -> None:
    async def act(sdk: Any) -> list[str]:
        await a_calendar(sdk)
        return [one.name for one in (await sdk.me.calendars.get()).value]

    assert spoken(act) == ["Calendar", "HX_Harbour"]
