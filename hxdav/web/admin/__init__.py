"""The pages of a practice's administrators, and what monitors the server."""
