"""hxdav: a practice's appointments in the calendars that its practitioners already use."""

__version__ = "0.1.0"
