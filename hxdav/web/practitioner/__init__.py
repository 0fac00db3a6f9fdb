"""The pages of a practitioner."""
