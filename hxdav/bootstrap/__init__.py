"""The composition root: settings in, the parts that they describe out. The only place that knows all parts.

Each module makes some of them, so that a command loads what it asks for.
"""
