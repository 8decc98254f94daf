"""Plans for tests: rule books with targets, and a home in which nothing has been spent."""

from decimal import Decimal
from pathlib import Path

from ndl_publish.home import Home
from ndl_publish.pipeline import Prepared, prepare
from ndl_publish.spec.locations import shipped
from ndl_publish.spec.rules import DpRules
from tests.command import PILOT

REGIONAL = "regional rates within 3 points for groups of 300"
TARGETS = (
    "LA rates within 2 points for groups of 200",
    "ward rates within 5 points for groups of 100",
    "combined authority counts within 40 children",
)


def with_targets(folder: Path, *targets: str, book: str = "ndl_default") -> Path:
    """Return a folder with a rule book that ships, to which targets were added."""
    folder.mkdir(exist_ok=True)
    text = (shipped("disclosure_rules") / f"{book}.yaml").read_text(encoding="utf-8")
    lines = "".join(f"  - {target}\n" for target in targets)
    (folder / f"{book}.yaml").write_text(f"{text}targets:\n{lines}", encoding="utf-8")
    return folder


def prepared_with(folder: Path, *targets: str) -> tuple[Prepared, DpRules]:
    """Return the pilot under the default rules with some targets."""
    prepared = prepare(PILOT / "release.yaml", rules=with_targets(folder, *targets))
    assert isinstance(prepared.spec.rules, DpRules)
    return prepared, prepared.spec.rules


def home_in(folder: Path) -> Home:
    """Return a home that is not there yet."""
    return Home.locate(
        key_file=folder / "key", ledger=str(folder / "ledger"), notify=lambda _: None,
        environ={"NDL_PUBLISH_HOME": str(folder)},
    )  # fmt: skip


def is_three_digits(value: Decimal) -> bool:
    """Say whether a number has at most three significant digits."""
    return len(value.normalize().as_tuple().digits) <= 3
