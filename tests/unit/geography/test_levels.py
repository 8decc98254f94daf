import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndl_publish.geography.levels import LEVEL_LABELS, level_label


@pytest.mark.parametrize(("level", "label"), sorted(LEVEL_LABELS.items()))
def test_known_levels_have_the_label_of_published_files(level: str, label: str) -> None:
    assert level_label(level) == label


def test_labels_tell_levels_apart() -> None:
    assert len(set(LEVEL_LABELS.values())) == len(LEVEL_LABELS)


@given(level=st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True).filter(lambda name: name not in LEVEL_LABELS))
def test_other_levels_are_shown_in_words(level: str) -> None:
    label = level_label(level)
    assert "_" not in label
    assert label.lower() == level.replace("_", " ")
