"""Exchange on a server of the practice's own, by EWS: whole calendar objects in a folder of their own.

Knows the protocol and what Exchange makes of appointments; no rules, no store, and nothing that outlives a session.
"""

from __future__ import annotations

from hxdav.remotes.exchange.account import Auth, ExchangeAccount
from hxdav.remotes.exchange.remote import ExchangeRemote, open_exchange

__all__ = ["Auth", "ExchangeAccount", "ExchangeRemote", "open_exchange"]
