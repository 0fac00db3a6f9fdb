"""Secrets: the installation's key, what is signed and hashed with it, and the hashes of web passwords.

Knows cryptography; nothing of the store, which keeps only what comes out of here.
"""
