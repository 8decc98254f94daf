"""Generates synthetic, linked early-years children.

    python examples/early_years/generate.py --size pilot

No row describes a child: every row is drawn at random from a model, and only totals of the model come
from published figures. The same seed gives the same bytes.

Sizes: ``small`` (Leeds), ``pilot`` (Leeds, Hammersmith and Fulham, the six areas of the Liverpool City
Region; shipped in ``data/pilot``) and ``england`` (589,471 children; not shipped).

Files: ``profile`` (early years foundation stage profile, one row per return), ``health_visiting``
(2-2.5 year reviews "C6i" with ASQ-3, some 12-month reviews "C4"), ``childcare`` (funded hours by term
and provider) and ``links`` (pupil to the other two, with match weights).

Calibrated, academic year 2024/25, children with a full set of seventeen results, by home authority:

- children and children with a good level of development (GLD), by sex: exactly the published counts
  in the fourteen authorities of ``published_local_authority.csv``, the eight of the pilot among them;
- England: 589,471 children, 402,591 with GLD; GLD rate of all 153 authorities within 0.2 percentage
  points of the published rate (children of 139 of them are scaled estimates, rates are published);
- all seventeen goals by authority; the mean number of goals by authority nearly; areas of learning,
  communication, language and literacy in England;
- free school meals by authority, more often in LSOAs with more income deprivation; term of birth,
  SEN and first language by authority where published, else national; ethnicity by LSOA from census
  shares scaled to national counts;
- GLD by FSM, ethnicity, first language, SEN and term of birth in England; by FSM and major ethnic
  group roughly in each authority; in the most deprived IDACI decile;
- share of reviews that used ASQ-3 and take-up of funded places by authority; about 81% at or above
  expected in all five domains.

Earlier years (``--years``): national children and GLD as published; authorities are 2024/25 scaled.

Derived: ``FSP_IDACIRANK`` ranks the IDACI 2025 numerator over residents aged 0 to 15 and is not the
official rank.

Invented: everything else. Associations between characteristics beyond those above, GLD by IDACI
decile between the ends, single goals within an area, minor ethnic groups within a major one by
authority, schools and nurseries (numbers from 900000, which no provider has), the ASQ-3 scores and
their relation to attainment, hours, who is linked, all weights.

Wanted untidiness: second returns (sequence 2) of children who changed school or home, results "A",
unknown characteristics, children schooled in the areas but living outside (in pilot and small some
with the Barnsley and Sheffield codes before 2025; in england 250 living in Wales with LSOA codes of
Wales), children schooled in another authority, codes before 2025 on 30% of Barnsley and Sheffield
rows in england, two reviews of a child, reviews without ASQ-3, two providers in a term, doubtful and
wrong links, records of children who moved away.

Source: ``calibration/README.md`` names the publishers and the licence (OGL v3.0).
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from examples.early_years.synthesis.codes import YEARS
from examples.early_years.synthesis.files import FORMATS, assemble, write_tables
from examples.early_years.synthesis.reference import load_reference
from examples.early_years.synthesis.year import OUTSIDERS, make_year

DATA = Path(__file__).resolve().parent / "data"


def main(arguments: list[str] | None = None) -> None:
    """Parse options, generate, write."""
    parser = argparse.ArgumentParser(description="Synthetic linked early-years children.")
    parser.add_argument("--size", choices=sorted(OUTSIDERS), required=True, help="small is Leeds")
    parser.add_argument("--years", type=int, choices=range(1, len(YEARS) + 1), default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder; data/<size> beside this file when left out")
    parser.add_argument("--format", choices=FORMATS, help="parquet for england, else csv.gz")
    options = parser.parse_args(arguments)
    reference = load_reference()
    wanted = sorted(YEARS, reverse=True)[: options.years]
    years = [make_year(reference, options.size, seed=(options.seed, year)) for year in wanted]
    default = "parquet" if options.size == "england" else "csv.gz"
    out = options.out or DATA / options.size
    tables = assemble(years, seed=options.seed)
    write_tables(tables, out, options.format or default)
    for name, table in tables.items():
        print(f"{name}: {table.height} rows")


if __name__ == "__main__":
    main()
