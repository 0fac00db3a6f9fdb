"""Projects an appointment outward: the fields that a privacy level shows, as a calendar object."""
