"""The names of things: one type each, so that no two can be confused."""

from __future__ import annotations

from typing import NewType

PracticeGroupId = NewType("PracticeGroupId", int)
ClinicId = NewType("ClinicId", int)
UserId = NewType("UserId", int)
PractitionerId = NewType("PractitionerId", int)
PatientId = NewType("PatientId", int)
AppPasswordId = NewType("AppPasswordId", int)
IntegrationId = NewType("IntegrationId", int)
AppointmentId = NewType("AppointmentId", int)
MirrorId = NewType("MirrorId", int)
RemovalId = NewType("RemovalId", int)
NotificationId = NewType("NotificationId", int)
SubscriptionId = NewType("SubscriptionId", int)
ExternalAccountId = NewType("ExternalAccountId", int)
LinkId = NewType("LinkId", int)
ConsentId = NewType("ConsentId", int)
PasskeyId = NewType("PasskeyId", int)

Username = NewType("Username", str)
"""A login name, unique on the server; the first segment of the calendar home's path."""

Slug = NewType("Slug", str)
"""The path segment of a calendar collection; never changes, whatever the calendar is called."""

Href = NewType("Href", str)
"""The last path segment of a calendar object resource, decoded; unique among what a collection shows."""

Uid = NewType("Uid", str)
"""RFC 5545 §3.8.4.7."""

ETag = NewType("ETag", str)
"""A strong entity tag with its quotes."""

Modseq = NewType("Modseq", int)
"""A value of a practitioner's change counter; 0 is before the first change."""

Epoch = NewType("Epoch", str)
"""Names one life of the store: a restore from a backup starts another."""

SyncToken = NewType("SyncToken", str)
"""DAV:sync-token (RFC 6578): a URI that only we can make."""
