"""Appointments as people use them: booking, changes, conversion, history, review, import."""
