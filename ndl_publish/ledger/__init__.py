"""The ledger: an append-only record of the privacy loss spent on each birth cohort.

Spend first, draw second: ``reserve`` writes the charge to disk and hands out a ``Grant``, without which no
noise is drawn.
"""

from ndl_publish.ledger.book import Ledger
from ndl_publish.ledger.grant import Grant
from ndl_publish.ledger.request import ChargeRequest
from ndl_publish.ledger.state import Balance

__all__ = ["Balance", "ChargeRequest", "Grant", "Ledger"]
