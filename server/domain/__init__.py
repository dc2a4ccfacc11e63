"""The contexts, upper ones first; an upper one may use a lower one, through its front door.

billing > stay > tariff > vehicle > equipment > estate > system > identity
"""
