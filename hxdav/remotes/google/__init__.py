"""Google Calendar (API v3): OAuth, requests within its quota, and events to calendar objects and back.

It sees and writes only calendars that hxdav made, and mails nobody; ``account.open_google`` opens an account.
"""
