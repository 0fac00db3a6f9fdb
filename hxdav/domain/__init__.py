"""What the product is about: frozen values and pure rules (docs/glossary.md, docs/rules.md).

Knows the standard library only: no SQL, no iCalendar text, no HTTP, no clock of its own.
"""
