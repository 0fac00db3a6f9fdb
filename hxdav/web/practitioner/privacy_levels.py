"""The privacy levels in a practitioner's words (rule 11)."""

from __future__ import annotations

from hxdav.domain.privacy import PrivacyLevel

LEVELS = {
    PrivacyLevel.BUSY: "Only that you are busy.",
    PrivacyLevel.APPOINTMENT: "The word “Appointment”, and when; no names.",
    PrivacyLevel.INITIALS: "The patient's initials, and when.",
    PrivacyLevel.FULL: "Everything: title, place and comment.",
}
"""What of a patient appointment is sent at each level; personal ones are sent as they are."""

NAMES = {
    PrivacyLevel.BUSY: "Busy",
    PrivacyLevel.APPOINTMENT: "No names",
    PrivacyLevel.INITIALS: "Initials",
    PrivacyLevel.FULL: "Everything",
}
"""The levels where one word has to do."""


def levels_up_to(ceiling: PrivacyLevel) -> dict[PrivacyLevel, str]:
    """Those that tell no more than ``ceiling``, the tightest first."""
    return {level: words for level, words in LEVELS.items() if level.detail <= ceiling.detail}
