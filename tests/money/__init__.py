"""The money check: seeded histories of payments that crash, repeat and race, and what must hold."""
