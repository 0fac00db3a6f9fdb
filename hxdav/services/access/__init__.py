"""Sign-in and access: web passwords, passkeys, invitations, sessions, app passwords, suspension."""
