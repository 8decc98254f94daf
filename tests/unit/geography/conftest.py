from pathlib import Path

import pytest

NESTING = """\
lsoa,ward,district,combined,national
L1,W1,D1,C1,E
L2,W1,D1,C1,E
L3,W2,D1,C1,E
L4,W2,D2,C1,E
L5,W3,D2,C1,E
L6,W4,D3,,E
"""
AREAS = """\
area_code,area_name,geographic_level
D1,One,district
D2,Two,district
D3,Three,district
"""


@pytest.fixture
def metadata_folder(tmp_path: Path) -> Path:
    """A metadata folder with one small vintage: ward W2 straddles two districts, D3 lies in no combined authority."""
    folder = tmp_path / "metadata" / "geography" / "2025"
    folder.mkdir(parents=True)
    (folder / "nesting.csv").write_text(NESTING, encoding="utf-8")
    (folder / "areas.csv").write_text(AREAS, encoding="utf-8")
    (folder / "characteristics.csv").write_text("lsoa,decile\nL1,1\nL2,2\n", encoding="utf-8")
    (folder / "code_changes.csv").write_text(
        "old_code,old_name,new_code\nOLD1,Old one,D1\nOLD2,Split one,\n", encoding="utf-8"
    )
    return tmp_path / "metadata"
