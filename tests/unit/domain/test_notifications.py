"""What practitioners are told is a closed list, each kind with what happened and what to do."""

from __future__ import annotations

import re

import pytest

from hxdav.domain.notification import MAILED, MAILED_TO_ADMINISTRATORS, WORDINGS, NotificationKind
from hxdav.domain.refusal import SENTENCES, Reason
from hxdav.gate.refusals import _UNTOLD

# What only the practice's own edits are refused for: whoever makes one reads the sentence there and then.
OF_THE_PRACTICE = {Reason.PATIENT_RECURS, Reason.VERSION_TOO_OLD, Reason.VERSION_GONE}
TOLD = sorted(set(Reason) - _UNTOLD - OF_THE_PRACTICE)


@pytest.mark.parametrize("kind", NotificationKind)
def test_every_kind_says_what_happened_and_what_to_do(kind: NotificationKind) -> None:
    wording = WORDINGS[kind]

    for sentence in (wording.happened, wording.to_do):
        assert re.fullmatch(r"[A-Z].*\.", sentence)
        assert not re.search(r"[{}%<>\n]", sentence), "a sentence is for everyone: nothing is put into it"
    assert wording.happened != wording.to_do


@pytest.mark.parametrize("reason", TOLD)
def test_a_refusal_is_told_in_the_words_that_the_client_got(reason: Reason) -> None:
    assert WORDINGS[NotificationKind(reason)].happened == SENTENCES[reason]


def test_what_administrators_are_mailed_is_mailed() -> None:
    assert MAILED_TO_ADMINISTRATORS < MAILED
    assert not MAILED & {NotificationKind(reason) for reason in TOLD}


@pytest.mark.parametrize("kind", sorted(MAILED))
def test_a_mailed_sentence_is_short_enough_for_a_subject(kind: NotificationKind) -> None:
    assert len(WORDINGS[kind].happened) <= 90
