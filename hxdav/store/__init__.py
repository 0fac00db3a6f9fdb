"""The truth, in SQL: SQLite by default, PostgreSQL for more than one machine.

Knows SQLAlchemy and the schema; gives and takes domain values. Never calls out, and holds no rule of the product.
"""
