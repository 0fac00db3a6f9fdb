"""The tables, as ORM classes: private to ``store/``, which turns them into domain values at its edge."""

from hxdav.store.rows.base import Base as Base
from hxdav.store.rows.base import table_of as table_of
from hxdav.store.rows.calendar import AppointmentPatientRow as AppointmentPatientRow
from hxdav.store.rows.calendar import AppointmentRow as AppointmentRow
from hxdav.store.rows.calendar import IntegrationRow as IntegrationRow
from hxdav.store.rows.calendar import MirrorRow as MirrorRow
from hxdav.store.rows.calendar import OccurrenceRow as OccurrenceRow
from hxdav.store.rows.calendar import PropertyRow as PropertyRow
from hxdav.store.rows.practice import AppPasswordRow as AppPasswordRow
from hxdav.store.rows.practice import ClinicRow as ClinicRow
from hxdav.store.rows.practice import InstallationRow as InstallationRow
from hxdav.store.rows.practice import InvitationRow as InvitationRow
from hxdav.store.rows.practice import PatientRow as PatientRow
from hxdav.store.rows.practice import PracticeGroupRow as PracticeGroupRow
from hxdav.store.rows.practice import PractitionerRow as PractitionerRow
from hxdav.store.rows.practice import UserRow as UserRow
from hxdav.store.rows.subscription import CreditEntryRow as CreditEntryRow
from hxdav.store.rows.subscription import SubscriptionRow as SubscriptionRow
from hxdav.store.rows.trail import AuditRow as AuditRow
from hxdav.store.rows.trail import NotificationRow as NotificationRow
from hxdav.store.rows.trail import RefusedBodyRow as RefusedBodyRow
from hxdav.store.rows.trail import RemovalRow as RemovalRow
from hxdav.store.rows.trail import VersionRow as VersionRow
