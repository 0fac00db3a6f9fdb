"""Outlook.com and Office 365 through Microsoft Graph: whole series by their masters, a window, tokens by msal.

Knows Graph's calendar and Microsoft's OAuth; no rules, no store, and nothing that outlives a session.
"""
