"""Acts: one edit of whoever makes it, of which a step of the convergence machine takes a few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.integration.sync.machine_house import HouseRules
from tests.integration.sync.machine_texts import EDITS, KINDS

WORDS = ("title", "time", "comment")
"""What people edit most."""

PICKS = st.integers(0, 11)
DAYS = st.sampled_from([1, 0, 2, 3, 8, 40, -2, 200, 201, 202, 204])
HOURS = st.sampled_from(["09", "14", "00", "02"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """``who`` does ``what`` to something that ``pick`` picks; ``days`` and ``hour`` say how."""

    who: str
    what: str
    pick: int
    days: int
    hour: str


def _by(who: str, *whats: str) -> st.SearchStrategy[Act]:
    return st.builds(Act, who=st.just(who), what=st.sampled_from(whats), pick=PICKS, days=DAYS, hour=HOURS)


EDITED = _by("person", *WORDS, *WORDS, *EDITS)
OF_A_PERSON = st.one_of(
    EDITED,
    EDITED,
    _by("person", "one changed", "one deleted", "this and following", "cancelled"),
    _by("person", "delete", "delete", "undelete", "undelete anew", "drag", "drag later", "copy"),
    _by("person adds", *KINDS, "no event"),
)
OF_THE_HOUSE = st.one_of(
    _by("device", *WORDS, *WORDS, *EDITS, "poison"),
    _by("device", "delete", "delete", "delete", "delete five"),
    _by("device puts", *KINDS),
    _by("practice", *WORDS, *EDITS, "note", "invoice", "patient"),
    _by("practice", "cancel"),
    _by("practice books", *KINDS, "single", "patient", "patient"),
)
ACTS = st.lists(st.one_of(OF_A_PERSON, OF_A_PERSON, OF_THE_HOUSE), min_size=1, max_size=4)
A_PERSONS = st.lists(OF_A_PERSON, min_size=1, max_size=4)


class ActRules(HouseRules):
    """Does what acts say."""

    def act(self, acts: Sequence[Act]) -> None:
        """Do one after the other."""
        for each in acts:
            if each.who.startswith("person"):
                self._of_a_person(each)
            elif each.who.startswith("device"):
                self._of_a_device(each)
            else:
                self._of_the_practice(each)

    def _of_a_device(self, act: Act) -> None:
        if act.who == "device puts":
            self.device_puts(act.pick, act.what, act.days, act.hour)
        elif act.what.startswith("delete"):
            self.device_deletes(act.pick, 5 if act.what == "delete five" else 1)
        else:
            self.device_edits(act.pick, act.what, act.days, act.hour)

    def _of_the_practice(self, act: Act) -> None:
        if act.who == "practice books":
            is_patient = act.what == "patient"
            kind = "single" if is_patient else act.what
            self.practice_books(act.pick, kind, act.days, act.hour, is_patient=is_patient)
        elif act.what == "cancel":
            self.practice_cancels(act.pick)
        else:
            self.practice_changes(act.pick, act.what, act.days, act.hour)

    def _of_a_person(self, act: Act) -> None:
        match act.what:
            case "no event":
                self.person_adds_what_is_no_event(act.pick)
            case _ if act.who == "person adds":
                self.person_adds(act.pick, act.what, act.days, act.hour)
            case "delete":
                # A few at once now and then.
                self.person_deletes(act.pick, 5 if act.days == 40 else 1)
            case "undelete" | "undelete anew":
                self.person_undeletes(act.pick, is_new=act.what == "undelete anew")
            case "drag" | "drag later" | "copy":
                deletes = {"drag": "first", "drag later": "later", "copy": "never"}[act.what]
                self.person_drags(act.pick, act.pick + 1, deletes)
            case _:
                self.person_edits(act.pick, act.what, act.days, act.hour)
