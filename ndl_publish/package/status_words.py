"""What each public status means, in one sentence."""

from typing import Final

from ndl_publish import columns

STATUS_MEANINGS: Final = {
    columns.PUBLISHED: "The figure is shown.",
    columns.SUPPRESSED: "Confidential: the figure is withheld to protect people.",
    columns.LOW_RELIABILITY: "Low reliability: the figure is withheld because it is too uncertain.",
    columns.NOT_APPLICABLE: "Not applicable: there can be no figure.",
    columns.NOT_AVAILABLE: "Not available: there is no figure for another reason.",
}
"""Public status of a figure -> meaning; the same keys as ``columns.STATUS_SYMBOLS``."""
