"""What happens without anybody asking: the clock.

Knows when; the use cases in ``services/`` know what.
"""
