"""Attacks on what will be public. Shares no code with ``protect``, ``privacy`` or ``ledger``: a second opinion."""
