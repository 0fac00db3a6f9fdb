"""What browsers and providers call: hooks, and the way back from a consent.

Knows Flask and sentences for people; no provider, and no rule: it hands on to the engine and the use cases.
"""
