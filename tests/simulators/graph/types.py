"""The types of Graph v1.0 that matter here, as far as docs/providers.md names them; names and types as in the CSDL.

A smaller table than Microsoft's own, and always there: ``schema.py`` holds bodies to Microsoft's as well where it is.
"""

from __future__ import annotations

ENUMS: dict[str, str] = {
    "importance": "low normal high",
    "sensitivity": "normal personal private confidential",
    "freeBusyStatus": "unknown free tentative busy oof workingElsewhere",
    "eventType": "singleInstance occurrence exception seriesMaster",
    "calendarColor": "auto lightBlue lightGreen lightOrange lightGray lightYellow lightTeal lightPink lightBrown"
    " lightRed maxColor",
    "recurrencePatternType": "daily weekly absoluteMonthly relativeMonthly absoluteYearly relativeYearly",
    "recurrenceRangeType": "endDate noEnd numbered",
    "weekIndex": "first second third fourth last",
    "dayOfWeek": "sunday monday tuesday wednesday thursday friday saturday",
    "bodyType": "text html",
    "locationType": "default conferenceRoom homeAddress businessAddress geoCoordinates streetAddress hotel restaurant"
    " localBusiness postalAddress",
    "locationUniqueIdType": "unknown locationStore directory private bing",
    "responseType": "none organizer tentativelyAccepted accepted declined notResponded",
    "attendeeType": "required optional resource",
    "onlineMeetingProviderType": "unknown skypeForBusiness skypeForConsumer teamsForBusiness",
    "changeType": "created updated deleted",
    "lifecycleEventType": "missed subscriptionRemoved reauthorizationRequired",
}

_STAMPS = "createdDateTime:DateTimeOffset lastModifiedDateTime:DateTimeOffset"

TYPES: dict[str, str] = {
    "event": "id:String changeKey:String categories:[String] allowNewTimeProposals:Boolean attendees:[attendee]"
    " body:itemBody bodyPreview:String cancelledOccurrences:[String] end:dateTimeTimeZone hasAttachments:Boolean"
    " hideAttendees:Boolean iCalUId:String importance:importance isAllDay:Boolean isCancelled:Boolean isDraft:Boolean"
    " isOnlineMeeting:Boolean isOrganizer:Boolean isReminderOn:Boolean location:location locations:[location]"
    " onlineMeetingProvider:onlineMeetingProviderType onlineMeetingUrl:String organizer:recipient"
    " originalEndTimeZone:String originalStart:DateTimeOffset originalStartTimeZone:String"
    " recurrence:patternedRecurrence reminderMinutesBeforeStart:Int32 responseRequested:Boolean"
    " responseStatus:responseStatus sensitivity:sensitivity seriesMasterId:String showAs:freeBusyStatus"
    " start:dateTimeTimeZone subject:String transactionId:String type:eventType webLink:String"
    " exceptionOccurrences:[event] singleValueExtendedProperties:[singleValueLegacyExtendedProperty] " + _STAMPS,
    "calendar": "id:String allowedOnlineMeetingProviders:[onlineMeetingProviderType] canEdit:Boolean canShare:Boolean"
    " canViewPrivateItems:Boolean changeKey:String color:calendarColor hexColor:String isDefaultCalendar:Boolean"
    " defaultOnlineMeetingProvider:onlineMeetingProviderType isRemovable:Boolean isTallyingResponses:Boolean"
    " name:String owner:emailAddress singleValueExtendedProperties:[singleValueLegacyExtendedProperty]",
    "subscription": "id:String applicationId:String changeType:String clientState:String creatorId:String"
    " expirationDateTime:DateTimeOffset includeResourceData:Boolean latestSupportedTlsVersion:String"
    " lifecycleNotificationUrl:String notificationQueryOptions:String notificationUrl:String"
    " notificationUrlAppId:String resource:String encryptionCertificate:String encryptionCertificateId:String",
    "user": "id:String displayName:String mail:String userPrincipalName:String",
    "changeNotification": "changeType:changeType clientState:String id:String lifecycleEvent:lifecycleEventType"
    " resource:String resourceData:resourceData subscriptionExpirationDateTime:DateTimeOffset subscriptionId:Guid"
    " tenantId:Guid",
    "resourceData": "id:String",
    "patternedRecurrence": "pattern:recurrencePattern range:recurrenceRange",
    "recurrencePattern": "dayOfMonth:Int32 daysOfWeek:[dayOfWeek] firstDayOfWeek:dayOfWeek index:weekIndex"
    " interval:Int32 month:Int32 type:recurrencePatternType",
    "recurrenceRange": "endDate:Date numberOfOccurrences:Int32 recurrenceTimeZone:String startDate:Date"
    " type:recurrenceRangeType",
    "dateTimeTimeZone": "dateTime:String timeZone:String",
    "itemBody": "content:String contentType:bodyType",
    "location": "displayName:String locationType:locationType locationUri:String uniqueId:String"
    " uniqueIdType:locationUniqueIdType locationEmailAddress:String",
    "recipient": "emailAddress:emailAddress",
    "attendee": "emailAddress:emailAddress type:attendeeType status:responseStatus",
    "emailAddress": "address:String name:String",
    "responseStatus": "response:responseType time:DateTimeOffset",
    "singleValueLegacyExtendedProperty": "id:String value:String",
}
