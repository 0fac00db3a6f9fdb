"""Calendar objects: RFC 5545 text to values and back (docs/store.md).

Knows content lines, components, time zones and recurrence; edits lines in place and never writes an object anew.
Knows nothing of HTTP, XML, SQL or the rules of the practice.
"""
