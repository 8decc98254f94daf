"""Code lists of the synthetic extracts and the published labels they stand for.

Positions matter: a child's characteristic is held as the position of its code in these lists.
"""

from typing import Final

SEX: Final = ("F", "M")
FSM: Final = ("Y", "N", "")
LANGUAGE: Final = ("ENG", "OTH", "")
SEN: Final = ("N", "K", "E", "")
ETHNICITY: Final = (
    *("WBRI", "WIRI", "WIRT", "WROM", "WOTH"),
    *("MWBC", "MWBA", "MWAS", "MOTH"),
    *("AIND", "APKN", "ABAN", "CHNE", "AOTH"),
    *("BCRB", "BAFR", "BOTH", "OOTH"),
)
"""DfE minor codes; the position after the last one means unknown."""

UNKNOWN_ETHNICITY: Final = ("REFU", "NOBT", "")
"""Refused, not yet obtained, blank: three ways in which ethnicity is unknown."""

MAJOR_OF_MINOR: Final = (0,) * 5 + (1,) * 4 + (2,) * 5 + (3,) * 3 + (4,)
"""White, mixed, Asian, Black, other: position of the major group of each minor code."""

TERM_OF_MONTH: Final = (0,) * 4 + (1,) * 3 + (2,) * 5
"""Autumn, spring, summer: term of birth of September (0) to August (11)."""

GOALS: Final = (
    *("FSP_COM_E01", "FSP_COM_E02", "FSP_PSE_E03", "FSP_PSE_E04", "FSP_PSE_E05", "FSP_PHY_E06"),
    *("FSP_PHY_E07", "FSP_LIT_E08", "FSP_LIT_E09", "FSP_LIT_E10", "FSP_MAT_E11", "FSP_MAT_E12"),
    *("FSP_UTW_E13", "FSP_UTW_E14", "FSP_UTW_E15", "FSP_EXP_E16", "FSP_EXP_E17"),
)
AREA_OF_GOAL: Final = (0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 5, 6, 6)
"""Area of learning of each goal: COM, PSE, PHY, LIT, MAT, UTW, EXP."""

GLD_GOALS: Final = 12
"""A good level of development is the expected level in the first twelve goals."""

TOPICS: Final = {
    "fsm": (
        "Free school meal eligibility",
        ("Eligible for free school meals", "Not eligible for free school meals", "Unknown"),
    ),
    "language": ("First language", ("English", "Other than English", "Unknown")),
    "sen": (
        "SEN provision",
        (
            "No SEN provision",
            "SEN support / SEN without an EHC plan",
            "Education, health and care plan",
            "Unknown",
        ),
    ),
    "term": ("Term of birth", ("Autumn-born", "Spring-born", "Summer-born")),
    "ethnicity": (
        "Ethnicity minor",
        (
            "English / Welsh / Scottish / Northern Irish / British",
            "Irish",
            "Irish Traveller",
            "Gypsy / Roma",
            "Any other White background",
            "White and Black Caribbean",
            "White and Black African",
            "White and Asian",
            "Any other Mixed / Multiple ethnic background",
            "Indian",
            "Pakistani",
            "Bangladeshi",
            "Chinese",
            "Any other Asian background",
            "Caribbean",
            "African",
            "Any other Black / African / Caribbean background",
            "Any other ethnic group",
            "Unknown",
        ),
    ),
}
"""Characteristic -> published topic and breakdowns, in the order of the code lists above."""

YEARS: Final = {
    202425: (589471, 402591),
    202324: (608217, 411626),
    202223: (618891, 416040),
    202122: (622583, 405723),
}
"""Academic year -> children and children with a good level of development in England (DfE)."""

PILOT: Final = (
    *("E08000035", "E09000013", "E06000006", "E08000011"),
    *("E08000012", "E08000013", "E08000014", "E08000015"),
)
"""Leeds; Hammersmith and Fulham; the six areas of the Liverpool City Region."""

OLD_CODES: Final = {"E08000038": "E08000016", "E08000039": "E08000019"}
"""Barnsley and Sheffield: code of 2025 -> code before."""
