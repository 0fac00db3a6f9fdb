"""What the product is about: frozen values and pure rules (`design.md` §2 and §3).

Knows the standard library only: no SQL, no iCalendar text, no HTTP, no clock of its own.
"""
