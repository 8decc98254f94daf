"""Geographic levels: the key used in YAML and the label that published files carry (EES spelling where it has one)."""

from typing import Final

LEVEL_LABELS: Final = {
    "national": "National",
    "region": "Regional",
    "combined_authority": "Combined authority",
    "local_authority": "Local authority",
    "local_authority_district": "Local authority district",
    "ward": "Ward",
    "lsoa": "Lower layer super output area",
}


def level_label(level: str) -> str:
    """Return the label of a level; a level without one is shown with its key in words.

    Example:
        >>> level_label("region"), level_label("health_area")
        ('Regional', 'Health area')
    """
    return LEVEL_LABELS.get(level, level.replace("_", " ").capitalize())
