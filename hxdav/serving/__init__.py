"""HTTP: the processes that serve, their connections, and which request gets a thread next.

httptools (llhttp) parses, uvloop waits; this package bounds connections and the time that each may take, and lends
threads in turns (docs/adr/0021-requests-are-read-before-a-thread-is-taken.md).
"""
