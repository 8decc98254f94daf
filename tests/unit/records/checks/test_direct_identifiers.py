import pytest

from ndl_publish.records.checks.direct_identifiers import is_identifier_name, is_nhs_number, is_upn, kind_held
from tests.unit.records.conftest import World

REFUSED = """
surname Surname FORENAME first_name firstName FirstName last-name LastName full_name FullName childName pupil_name upn
UPN FSP_UPN PupilUPN FormerUPN former_upn NHS_Number nhsnumber NHSNo nhs_no date_of_birth DateOfBirth dob DOB
PersonBirthDate birth_date postcode PostCode post_code home_postcode pcds address Address_Line_1 address2 AddressLine1
home_address email e-mail EmailAddress phone telephone TelephoneNumber mobile mobile_number family_name given_names
middle_name NINO uprn
"""
ALLOWED = """
pupil_id FSP_URN provider_urn birth_month FSP_BIRTH_MONTH school_name area_name provider_type FSP_LLSOA21 term_start
phonics_score phoneme female sex region hv_id match_weight month_of_birth mobility Country_of_Birth Person_ID
FSP_ACADYR telescope addressed names_count tele
"""
KINDS = {
    "unique pupil numbers": ["B801200005001"],
    "NHS numbers": ["9434765919", "943 476 5919", "401-023-2137"],
    "full dates": ["2019-10-04", "04/10/2019", "4/1/2019", "2019-10-04 00:00:00", "20191004", "4 Oct 2019"],
    "postcodes": ["LS1 4AP", "ls14ap", "SW1A 1AA", "M1 1AE"],
    "e-mail addresses": ["a.b@example.org"],
    "phone numbers": ["07700 900123", "+44 7700 900123", "0113 496 0000"],
}
HARMLESS = ["P0a1b2c3d", "H9b52660c", "958145", "202425", "2019-10", "E01000001", "1", "A", "12.5", "B123456789012"]


@pytest.mark.parametrize("header", REFUSED.split())
def test_identifier_names_are_refused_in_any_spelling(header: str) -> None:
    assert is_identifier_name(header)


@pytest.mark.parametrize("header", ALLOWED.split())
def test_other_names_pass(header: str) -> None:
    assert not is_identifier_name(header)


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, values in KINDS.items() for v in values])
def test_kinds(kind: str, value: str) -> None:
    assert kind_held([value]) == kind


@pytest.mark.parametrize("value", HARMLESS)
def test_pseudonyms_urns_months_and_codes_pass(value: str) -> None:
    assert kind_held([value, value + "", ""]) is None


def test_most_not_some() -> None:
    assert kind_held(["2019-10-04", "x", "y"]) is None
    assert kind_held(["2019-10-04", "2019-10-05", "y"]) == "full dates"
    assert kind_held([]) is None


def test_temporary_upn_has_a_letter_at_its_end() -> None:
    letters = "ABCDEFGHJKLMNPQRTUVWXYZ"
    digits = [8, 0, 1, 2, 0, 0, 0, 0, 5, 0, 0, 3]
    check = letters[sum(w * d for w, d in zip(range(2, 14), digits, strict=True)) % 23]
    assert is_upn(f"{check}80120000500D")


def test_nhs_number_check_digit() -> None:
    assert is_nhs_number("9434765919")
    assert not is_nhs_number("9434765918")
    assert not is_nhs_number("0000000000")


@pytest.mark.parametrize("source", ["profile", "health", "childcare", "links"])
def test_named_column_is_refused_declared_or_not(world: World, source: str) -> None:
    world.rows[source] = [{**row, "Surname": "CANARY"} for row in world.rows[source]]
    assert world.of("NDL-V010") == [
        f"error: {source}, column Surname: is named like a direct identifier. Take the column out of the extract."
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_held_identifiers_are_refused_whatever_the_name(world: World, kind: str) -> None:
    value = KINDS[kind][0]
    world.rows["health"] = [{**row, "thing": value} for row in world.rows["health"]]
    (message,) = world.of("NDL-V011")
    assert message.startswith(f"error: health, column thing: most of its values look like {kind}.")
    assert value not in message


def test_full_dates_in_a_month_column_are_told_once_and_what_to_write(world: World) -> None:
    world.bend("profile", "MONTH", ["2019-10-04"] * 6)
    assert world.of("NDL-V011") == []
    (message,) = world.of("NDL-V015")
    assert message.startswith("error: profile, column MONTH: not a month written YYYY-MM, in 6 rows.")
    assert "Write the month only, YYYY-MM." in message
    assert "2019-10-04" not in message


def test_full_dates_of_another_period_are_not_missed(world: World) -> None:
    """The month check sees only rows of the release's period."""
    world.rows["profile"] += [
        {**world.rows["profile"][0], "YEAR": "202324", "MONTH": f"2019-{m:02}-04"} for m in range(1, 13)
    ]
    assert world.of("NDL-V015") == []
    assert world.of("NDL-V011") == [
        "error: profile, column MONTH: most of its values look like full dates. Write the month only, YYYY-MM."
    ]


def test_other_identifiers_in_a_month_column_are_told(world: World) -> None:
    world.bend("profile", "MONTH", ["LS1 4AP"] * 6)
    assert len(world.of("NDL-V011")) == 1


def test_full_dates_in_another_declared_column_are_refused(world: World) -> None:
    world.bend("profile", "SEX", ["2019-10-04"] * 6)
    (message,) = world.of("NDL-V011")
    assert message.endswith("look like full dates. Take the column out of the extract.")


def test_identifiers_below_many_empty_rows_are_found(world: World) -> None:
    rows = [{**row, "thing": ""} for row in world.rows["childcare"]] * 2000
    rows[-1] = {**rows[-1], "thing": "LS1 4AP"}
    world.write("childcare", rows)
    assert len(world.of("NDL-V011")) == 1


def test_nothing_to_tell(world: World) -> None:
    assert world.of("NDL-V010") + world.of("NDL-V011") == []
