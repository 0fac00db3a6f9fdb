"""Events as Microsoft's calendars have them, whichever protocol carries them: Graph's JSON, its rules, Windows' zones.

Between RFC 5545 and Graph's ``event`` in both directions; what speaks EWS translates that further. Only ``tokens``
calls anybody: whoever signs people in, for Graph and for Exchange servers alike.
"""
