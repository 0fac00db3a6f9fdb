"""``hxdav integrations verify``: both sides of a bridge compared."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hxdav.bootstrap.bridges import BridgeParts
from hxdav.cli.arguments import LARGEST_ID
from hxdav.cli.console import AsJson, confirm, say
from hxdav.cli.session import installation, integration_numbered
from hxdav.cli.tables import print_rows
from hxdav.sync.verifying import Discrepancy


def verify(
    ctx: typer.Context,
    integration_id: Annotated[int, typer.Argument(metavar="ID", max=LARGEST_ID, help="Number of the integration.")],
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Have what differs brought in line.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare a calendar elsewhere with ours, object by object, and list where they differ."""
    here = installation(ctx)
    integration = integration_numbered(here, integration_id)
    engine = BridgeParts(here).engine
    found = engine.verify(integration.id)
    rows = [_finding(each) for each in found]
    print_rows(rows, as_json=as_json, columns=("finding", "appointment", "remote_id"))
    if not as_json:
        say(f"{len(found)} differences." if found else "Both sides are equal.")
    if found and repair:
        confirm("Have everything looked at anew, and brought in line? What is missing there goes to review.", yes=yes)
        engine.repair(integration.id)
        say("The running server or worker brings it in line now; look again in a minute.")


def _finding(found: Discrepancy) -> dict[str, Any]:
    return {"finding": found.finding, "appointment": found.appointment_id, "remote_id": found.remote_id}
