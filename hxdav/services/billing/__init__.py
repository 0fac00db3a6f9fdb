"""Subscriptions and the credits that pay for them (docs/rules.md, rule 1)."""
