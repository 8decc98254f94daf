"""The audit holds a package to the rules it states, not only to its smallest threshold."""

from dataclasses import replace

import numpy as np

from ndl_publish.audit.certified import certificate_checks
from ndl_publish.audit.from_tables import published_cells
from ndl_publish.audit.least_shown import least_shown, rule_findings
from ndl_publish.audit.published import PublishedCells
from ndl_publish.audit.small_counts import small_counts
from tests.rule_books import book, group_disclosure, threshold
from tests.unit.audit.conftest import Clean


def cells_of(exact: Clean) -> PublishedCells:
    return published_cells(exact.made.spec, exact.made.layout, exact.tables)


def test_each_cell_has_its_own_threshold(exact: Clean) -> None:
    layout = exact.made.layout
    least = least_shown(book(threshold(10), threshold(5, "gld")), layout)
    assert set(np.unique(least)) == {5, 10}
    counts = layout.grid.blocks[0]
    assert set(np.unique(least[counts.cells])) == {10}


def test_one_threshold_is_for_all(exact: Clean) -> None:
    assert set(np.unique(least_shown(book(threshold(7)), exact.made.layout))) == {7}


def test_a_package_that_states_a_larger_threshold_than_it_was_built_with_is_caught(exact: Clean) -> None:
    layout, published = exact.made.layout, cells_of(exact)
    stated = least_shown(book(threshold(60), threshold(5, "gld")), layout)
    assert small_counts(published, minimum_count=least_shown(book(threshold(5)), layout)) == ()
    assert {finding.code for finding in small_counts(published, minimum_count=stated)} == {"NDL-D019"}
    assert exact.certificate is not None
    checks = certificate_checks(published, exact.certificate, exact.required, minimum_count=stated)
    assert "NDL-D058" in {finding.code for check in checks for finding in check.findings}


def test_shown_zeros_and_shares_of_all_are_caught_where_the_rules_withhold_them(exact: Clean) -> None:
    layout, published = exact.made.layout, cells_of(exact)
    values = published.values.copy()
    block = next(b for b in layout.grid.blocks if "gld" in b.levels)
    share = block.offset + np.arange(block.n_cells).reshape(block.shape)
    reached, rest = share.reshape(-1, 2)[0, ::-1]
    values[[reached, rest]] = 0, 40
    planted = replace(
        published, values=values, is_shown=published.is_shown | np.isin(np.arange(len(values)), [reached, rest])
    )
    zeros = book(threshold(5), {"method": "zero", "policy": "protect"})
    assert [f.code for f in rule_findings(planted, zeros, layout)] == ["NDL-D026"]
    assert [f.code for f in rule_findings(planted, book(group_disclosure(3)), layout)] == ["NDL-D026"]
    assert rule_findings(planted, book(group_disclosure(3, "another")), layout) == ()
    assert rule_findings(planted, book(), layout) == ()
