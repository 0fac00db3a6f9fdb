"""What can be done with hxdav: one function per use case, each with a transaction, a clock and values.

Never commits, speaks no protocol, sends nothing.
"""
