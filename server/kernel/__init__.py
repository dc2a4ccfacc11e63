"""The ground under every context: units of work, tables, facts, errors, money, time and ids.

There is no parking word in it, and it imports no driver and no transport.
"""
