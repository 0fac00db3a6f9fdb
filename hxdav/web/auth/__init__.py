"""Signing in to the pages, and proving it again."""
