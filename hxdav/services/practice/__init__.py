"""The practice as a whole: its accounts, audit, metrics, retention and secrets."""
