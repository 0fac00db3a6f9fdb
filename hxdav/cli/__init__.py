"""The command line (Typer, Rich): reads what was typed, opens transactions, prints outcomes.

Knows files, terminals and exit codes; holds no rules and no SQL.
"""

from hxdav.cli.app import main as main
