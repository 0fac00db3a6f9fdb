"""CalDAV (RFC 4791, 6578, 4918) on Radicale's protocol layer: the only place that knows it.

Translates requests into edits for the gate and reads for the store, and what comes of them into HTTP. Holds no rules.
"""
