"""Connects accounts at providers: credentials, consent, mailboxes, and a preview of what they will show."""
