"""What happens without anybody asking: the jobs of the clock.

Knows when; the use cases in ``services/`` know what.
"""
