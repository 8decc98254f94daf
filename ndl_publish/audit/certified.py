"""The checks of a certificate, one line each."""

from ndl_publish.audit.certificate import Certificate, check_certificate
from ndl_publish.audit.inside import LoneChildren
from ndl_publish.audit.insider import insiders
from ndl_publish.audit.judge import Required, per_block
from ndl_publish.audit.model import AuditCheck
from ndl_publish.audit.published import PublishedCells
from ndl_publish.cube.grid import IntArray
from ndl_publish.errors import Finding

INSIDER_WORK = 200_000.0
"""Unknowns that linear programmes of children alone may solve for; the certificate proves the same for all children."""
INSIDER_SECONDS = 2.0
"""Wall time that they may take at most, on a slow machine."""

CHECKS = (
    ("certificate", "The certificate is of these tables", ("NDL-D050", "NDL-D058")),
    ("certificate_figures", "The finest rows add up to every count that can be seen", ("NDL-D051",)),
    ("certificate_tables", "Every alternative table is possible and prints the same", ("NDL-D052", "NDL-D053")),
    (
        "certificate_intervals",
        "Alternative tables take every small count to both ends of its protection interval",
        ("NDL-D054", "NDL-D055", "NDL-D057"),
    ),
    ("certificate_insiders", "A child alone in a withheld cell learns no other small count", ("NDL-D056",)),
)


def certificate_checks(
    published: PublishedCells, certificate: Certificate, required: Required, *, minimum_count: int | IntArray
) -> tuple[AuditCheck, ...]:
    """Return what adding up a certificate shows.

    Args:
        published: What an outsider has.
        certificate: Finest rows and witnesses.
        required: What the certificate is to prove.
        minimum_count: Smallest count that may be shown, of all cells or of each: every smaller one of at least 1 must
            be among the required.
    """
    findings = check_certificate(published, certificate, required)
    if not any(finding.code == "NDL-D050" for finding in findings):
        findings = (*findings, *_unlisted(published, certificate, required, minimum_count))
    detail = f"{len(certificate.cell):,} alternative tables of {len(certificate.children):,} finest rows"
    return tuple(
        AuditCheck(name, title, tuple(finding for finding in findings if finding.code in codes), detail)
        for name, title, codes in CHECKS
        if name != "certificate_insiders" or required.has_insiders
    )


def insider_check(
    published: PublishedCells, certificate: Certificate, required: Required, *, seconds: float
) -> AuditCheck:
    """Return what children alone in a withheld cell could work out, whatever the witnesses say.

    Args:
        published: What an outsider has.
        certificate: Its finest rows say where a child is alone; its witnesses are not used.
        required: The small counts.
        seconds: Wall time; the work is limited besides.
    """
    lone = LoneChildren.of(published.grid, certificate.codes, certificate.children)
    found = insiders(published, required, lone, seconds=seconds, work=INSIDER_WORK)
    title = "Small counts worked out by a child alone in a withheld cell"
    n_alone = int(((lone.row_of >= 0) & ~published.is_shown).sum())
    return AuditCheck("insiders", title, found.findings, f"{n_alone:,} such cells", found.cells)


def _unlisted(
    published: PublishedCells, certificate: Certificate, required: Required, minimum_count: int | IntArray
) -> tuple[Finding, ...]:
    """Return ``NDL-D058`` for small counts that nothing is to protect."""
    true = published.grid.tabulate(certificate.codes, certificate.children)
    small = (true >= 1) & (true < minimum_count)
    listed = required.is_primary.copy()
    if required.lowest is not None and required.highest is not None:
        listed &= (required.lowest <= 0) & (required.highest >= minimum_count)
    return per_block(
        published.grid, small & ~listed, "NDL-D058", "{n} small counts are not among those to be protected"
    )
