"""The page docs/services/troubles.md: ``python -m tests.fidelity.troubles`` writes it out of the table of troubles."""

from __future__ import annotations

from pathlib import Path

from hxdav.domain.trouble import TROUBLES, Trouble
from hxdav.sync.failures import LONGEST_PAUSE
from hxdav.sync.patience import HOURLY, PATIENCE
from tests.fidelity.table import markdown

PAGE = Path(__file__).parents[2] / "docs" / "services" / "troubles.md"

_HEAD = f"""# Troubles

What providers answer, what hxdav does, and what the person reads in `hxdav integrations status`, in `explain` and on
the calendar's page. `trouble` in `status --json` holds one of the codes. This page is written by
`python -m tests.fidelity.troubles`.

- *Tries again*: after a second or two, then less often, up to every {LONGEST_PAUSE.seconds // 60} minutes, or every
  {HOURLY.seconds // 60} minutes where a right is missing. hxdav keeps a pause that the provider asks for.
- *Stops*: after several looks over {PATIENCE.seconds // 60} minutes (`[bridges] patience_seconds`). hxdav then
  notifies the practitioner and waits until the account is connected again.

Nothing is deleted in hxdav for any of these.
"""


def rendered() -> str:
    """Return the page as it should be now."""
    heads = ["the provider answers", "codes", "hxdav", "the person reads"]
    return f"{_HEAD}\n{markdown(heads, (_row(codes, trouble) for codes, trouble in TROUBLES.items()))}\n"


def _row(codes: tuple[str, ...], trouble: Trouble) -> list[str]:
    return [
        trouble.answer,
        ", ".join(f"`{code}`" for code in codes),
        "stops" if trouble.needs_person else "tries again",
        trouble.sentence("*account*"),
    ]


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
