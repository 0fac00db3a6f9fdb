"""The part of ``hxdav integrations`` that looks: how each stands, an appointment's story, both sides compared."""

from __future__ import annotations

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from hxdav.cli.console import AsJson, print_json
from hxdav.cli.session import installation, integration_numbered
from hxdav.cli.tables import print_rows
from hxdav.domain.ids import AppointmentId
from hxdav.errors import NotFound
from hxdav.ical.objects import object_of
from hxdav.services.appointments.summary import doubt_about
from hxdav.services.integrations.explain import explain as explain_appointment
from hxdav.services.integrations.health import IntegrationHealth, health_of

_COLUMNS = ("id", "name", "service", "account", "health", "sentence", "last_sync", "waiting", "lag_seconds", "requests")


def standings(
    ctx: typer.Context,
    integration_id: Annotated[int | None, typer.Argument(metavar="[ID]", help="One integration only.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show how each calendar stands: last sync, what waits and since when, what was left alone and why."""
    here = installation(ctx)
    with here.store.snapshot() as tx:
        wanted = [integration_numbered(here, integration_id)] if integration_id is not None else tx.integrations.all()
        found = [health_of(tx, here.clock, integration=each) for each in wanted]
    if as_json:
        print_json([_row(each) for each in found])
        return
    print_rows([_row(each) for each in found], as_json=False, columns=_COLUMNS)
    for standing in found:
        if standing.account is not None and standing.account.about:
            typer.echo(f"{standing.integration.name}: on {standing.account.about}.")
        for left in standing.left_alone:
            whose = "One of ours" if left.ours else "An event there"
            named = f" ({left.about})" if left.about else ""
            typer.echo(f"{standing.integration.name}: {whose}{named} is left alone. {left.why}")


def explain(
    ctx: typer.Context,
    appointment_id: Annotated[int, typer.Argument(metavar="APPOINTMENT", help="Number of the appointment.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell an appointment's story in every calendar: where it shows, where it does not, and why."""
    here = installation(ctx)
    with here.store.snapshot() as tx:
        appointment = tx.appointments.find(AppointmentId(appointment_id))
        if appointment is None:
            raise NotFound(f"There is no appointment {appointment_id}.")
        places = explain_appointment(tx, here.clock, here.policy, appointment_id=AppointmentId(appointment_id))
        zone = ZoneInfo(tx.people.practice_group(appointment.practice_group_id).zone)
    doubt = doubt_about(object_of(appointment.text), practice_zone=zone)
    rows = [
        {
            "id": place.integration.id,
            "name": place.integration.name,
            "service": place.integration.service,
            "shows": place.shows,
            "story": f"{place.sentence} {doubt}".rstrip(),
        }
        for place in places
    ]
    print_rows(rows, as_json=as_json, columns=("id", "name", "service", "shows", "story"))


def _row(standing: IntegrationHealth) -> dict[str, Any]:
    bridge, account = standing.bridge, standing.account
    return {
        "id": standing.integration.id,
        "name": standing.integration.name,
        "service": standing.integration.service,
        "account": account.label if account else "",
        "server": account.about if account else "",
        "health": standing.health,
        "sentence": standing.sentence,
        "last_sync": bridge.pulled_at if bridge else None,
        "waiting": standing.waiting,
        "lag_seconds": round(standing.lag.total_seconds(), 1),
        "left_alone": [{"ours": each.ours, "about": each.about, "why": each.why} for each in standing.left_alone],
        "requests": account.requests if account else None,
        "throttled_at": account.throttled_at if account else None,
        "trouble": account.trouble if account else None,
    }
