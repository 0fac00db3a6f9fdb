"""Names of Microsoft's schema: the elements of a calendar item in their order, and what a FieldURI names."""

from __future__ import annotations

_ITEM = (
    "MimeContent ItemId ParentFolderId ItemClass Subject Sensitivity Body Attachments DateTimeReceived Size Categories "
    "Importance InReplyTo IsSubmitted IsDraft IsFromMe IsResend IsUnmodified InternetMessageHeaders DateTimeSent "
    "DateTimeCreated ResponseObjects ReminderDueBy ReminderIsSet ReminderNextTime ReminderMinutesBeforeStart DisplayCc "
    "DisplayTo DisplayBcc HasAttachments ExtendedProperty Culture EffectiveRights LastModifiedName LastModifiedTime "
    "IsAssociated WebClientReadFormQueryString WebClientEditFormQueryString ConversationId UniqueBody Flag "
    "StoreEntryId InstanceKey NormalizedBody EntityExtractionResult PolicyTag ArchiveTag RetentionDate Preview "
    "RightsManagementLicenseData PredictedActionReasons IsClutter BlockStatus HasBlockedImages TextBody IconIndex "
    "SearchKey SortKey Hashtags Mentions MentionedMe MentionsPreview MentionsEx AppliedHashtags AppliedHashtagsPreview "
    "Likes LikesPreview PendingSocialActivityTagIds AtAllMention CanDelete InferenceClassification"
)
_CALENDAR = (
    "UID RecurrenceId DateTimeStamp Start End OriginalStart IsAllDayEvent LegacyFreeBusyStatus Location When IsMeeting "
    "IsCancelled IsRecurring MeetingRequestWasSent IsResponseRequested CalendarItemType MyResponseType Organizer "
    "RequiredAttendees OptionalAttendees Resources InboxReminders ConflictingMeetingCount AdjacentMeetingCount "
    "ConflictingMeetings AdjacentMeetings Duration TimeZone AppointmentReplyTime AppointmentSequenceNumber "
    "AppointmentState Recurrence FirstOccurrence LastOccurrence ModifiedOccurrences DeletedOccurrences MeetingTimeZone "
    "StartTimeZone EndTimeZone ConferenceType AllowNewTimeProposal IsOnlineMeeting MeetingWorkspaceUrl NetShowUrl "
    "EnhancedLocation StartWallClock EndWallClock StartTimeZoneId EndTimeZoneId IntendedFreeBusyStatus "
    "JoinOnlineMeetingUrl OnlineMeetingSettings IsOrganizer CalendarActivityData DoNotForwardMeeting"
)
ITEM_ORDER = (*_ITEM.split(), *_CALENDAR.split())
"""The children of ``t:CalendarItem`` in the order that types.xsd gives them."""

RANK = {name: number for number, name in enumerate(ITEM_ORDER)}

_READ_ONLY = (
    "ItemId ParentFolderId Size DateTimeReceived DateTimeSent DateTimeCreated HasAttachments EffectiveRights "
    "LastModifiedName LastModifiedTime InstanceKey OriginalStart IsMeeting IsCancelled IsRecurring "
    "MeetingRequestWasSent CalendarItemType MyResponseType Organizer Duration TimeZone AppointmentReplyTime "
    "AppointmentSequenceNumber AppointmentState FirstOccurrence LastOccurrence ModifiedOccurrences DeletedOccurrences "
    "RecurrenceId DateTimeStamp StartWallClock EndWallClock StartTimeZoneId EndTimeZoneId IsOrganizer"
)
READ_ONLY = frozenset(_READ_ONLY.split())
"""What a client may not write: ErrorInvalidPropertySet."""

FLAGS = frozenset({"ReminderIsSet", "IsAllDayEvent", "IsResponseRequested", "AllowNewTimeProposal", "IsOnlineMeeting"})
"""What a client may write that is true or false."""

_DEFAULT = (
    "ItemId ParentFolderId ItemClass Subject Sensitivity HasAttachments UID Start End IsAllDayEvent "
    "LegacyFreeBusyStatus Location IsMeeting IsCancelled IsRecurring CalendarItemType MyResponseType Organizer"
)
DEFAULT_SHAPE = frozenset(_DEFAULT.split())

FOLDER_SHAPE = frozenset({"FolderId", "FolderClass", "DisplayName", "TotalCount", "ChildFolderCount"})

_BY_ITSELF = (
    "Body TextBody MimeContent Recurrence FirstOccurrence LastOccurrence ModifiedOccurrences DeletedOccurrences "
    "RequiredAttendees OptionalAttendees Resources"
)
NOT_FOUND_BY_SEARCH = frozenset(_BY_ITSELF.split())
"""What only GetItem tells; FindItem refuses to be asked for it, and SyncFolderItems leaves it out.

https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/email-properties-and-elements-in-ews-in-exchange
"""


def element_named(field_uri: str) -> str:
    """The element that a FieldURI names: ``Subject`` of ``item:Subject``."""
    return field_uri.partition(":")[2]
