"""Text that a spreadsheet would run is refused, and the refusal does not repeat it."""

from dataclasses import replace

import polars as pl
import pytest

from ndl_publish.errors import RuleError
from ndl_publish.geography.lookup import Geography
from ndl_publish.package.free_text import refuse_formulas, refuse_unsafe_words
from ndl_publish.spec.load import ReleaseSpec


@pytest.mark.parametrize("text", ["=1+1", "+44", "-5", "@SUM(A1)", "\tx", "\rx"])
@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical])
def test_formulas_are_refused(text: str, dtype: type[pl.DataType]) -> None:
    frame = pl.DataFrame({"ok": ["a", "b"], "area_name": ["a", text]}).with_columns(pl.col("area_name").cast(dtype))
    with pytest.raises(RuleError) as caught:
        refuse_formulas(frame, where="geography.csv")
    assert caught.value.code == "NDL-R051"
    assert [finding.where for finding in caught.value.findings] == ["geography.csv: area_name"]
    assert text not in str(caught.value)


@pytest.mark.parametrize("text", ["a=b", "St Mary-le-Bow", "Joiner's Square & Shelton", "", "2+", "mail@place"])
def test_ordinary_names_pass(text: str) -> None:
    refuse_formulas(pl.DataFrame({"area_name": [text, None], "value": [-1.0, 2.0]}), where="x")


def test_real_metadata_and_areas_pass(spec: ReleaseSpec, geography: Geography) -> None:
    refuse_unsafe_words(spec, geography=geography)


def test_words_of_the_metadata_are_refused_before_a_build(spec: ReleaseSpec, geography: Geography) -> None:
    breakdown = spec.dataset.breakdowns["sex"].model_copy(update={"title": "=cmd"})
    dataset = spec.dataset.model_copy(update={"breakdowns": {**spec.dataset.breakdowns, "sex": breakdown}})
    areas = pl.concat([geography.areas, pl.DataFrame([("X1", "@home", "ward")], geography.areas.schema, orient="row")])
    with pytest.raises(RuleError) as caught:
        refuse_unsafe_words(replace(spec, dataset=dataset), geography=replace(geography, areas=areas))
    assert {finding.where for finding in caught.value.findings} == {"breakdowns.sex", "areas.csv: area_name"}
