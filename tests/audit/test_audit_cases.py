"""Audits of a few figures, each by hand: what contradicts, what follows, what may have been meant."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from audit_worlds import number_rows, row, shares_of_2018

from transforms.audit import Audit, audit_figures
from transforms.audit.report import make_report, render_html, render_markdown
from transforms.audit.say import Speaker


def audit(*rows: dict[str, Any], others: tuple[dict[str, Any], ...] = ()) -> Audit:
    return audit_figures(number_rows(*rows), others)


def sets(found: Audit) -> list[tuple[str, ...]]:
    return [tuple(p.figure.printed for p in c.premises) for c in found.contradictions]


def test_a_share_of_the_total_outside_the_shares_of_the_flows() -> None:
    found = audit(*shares_of_2018())
    assert sets(found) == [("31", "25", "27")] and found.contradictions[0].grade == "strict"
    assert audit(*shares_of_2018("26")).findings == []


def test_the_words_say_what_the_others_leave() -> None:
    report = make_report(audit(*shares_of_2018()), Speaker("en"))
    (found,) = report["contradictions"]
    assert found["implied"][0].endswith("the others leave 24.50 to 27.50 %; printed stands for 30.50 to 31.50 %")
    assert sum("add up to the total" in words for words in found["because"]) == 2
    assert {f["locator"] for f in found["figures"]} == {"R1", "R2", "R3"}


@pytest.mark.parametrize(
    ("rows", "contradicts"),
    [
        ([row("1.71", period="2019"), row("2.61"), row("2.08", measure="growth", base_period="2019")], True),
        ([row("1.71", period="2019"), row("2.61"), row("52.6", measure="growth", base_period="2019")], False),
        ([row("10"), row("5", flow="M"), row("15", flow="T")], False),
        ([row("10"), row("5", flow="M"), row("16", flow="T")], False),  # within the rounding of three figures: 1.5
        ([row("10"), row("5", flow="M"), row("17", flow="T")], True),
        ([row("10"), row("5", flow="M"), row("5", flow="T", measure="balance")], False),
        ([row("10"), row("5", flow="M"), row("-5", flow="T", measure="balance")], True),
        ([row("12", item="EBOPS2010:SI"), row("9")], True),  # part above whole
        ([row("6", item="EBOPS2010:SI"), row("6", item="EBOPS2010:SJ"), row("10", item="DEF:dds6")], True),
        ([row("6", item="EBOPS2010:SI2"), row("6", item="EBOPS2010:SI"), row("6", item="EBOPS2010:SJ"),
          row("12", item="DEF:dds6")], False),  # SI2 lies in SI
        ([row("12", geo="CN-440106"), row("9")], True),  # district above city
        ([row("100", period="2015"), row("200", period="2020"), row("14.9", measure="average_growth",
          period="2015/2020", base_period="2015", method="compound")], False),
        ([row("100", period="2015"), row("200", period="2020"), row("20.0", measure="average_growth",
          period="2015/2020", base_period="2015", method="compound")], True),
        ([row("14.6", period="2014"), row("675", period="2021"), row("46", measure="increase", period="2021",
          base_period="2014")], True),
        ([row("14.6", period="2014"), row("675", period="2021"), row("46", measure="multiple", period="2021",
          base_period="2014")], False),
        ([row("24", measure="difference", reference="IMPORT_SHARE", item="DEF:dds6"),
          row("50", measure="share", reference="SERVICES", item="DEF:dds6"),
          row("26", measure="share", reference="SERVICES", item="DEF:dds6", flow="M")], False),
        ([row("20", measure="difference", reference="IMPORT_SHARE", item="DEF:dds6"),
          row("50", measure="share", reference="SERVICES", item="DEF:dds6"),
          row("26", measure="share", reference="SERVICES", item="DEF:dds6", flow="M")], True),
        ([row("1", measure="rank", reference="SERVICES_CATEGORIES", item="EBOPS2010:SI"),
          row("2", measure="rank", reference="SERVICES_CATEGORIES", item="EBOPS2010:SJ"),
          row("5", item="EBOPS2010:SI"), row("7", item="EBOPS2010:SJ")], True),
        ([row("10"), row("12", table_id="u")], True),  # one figure printed twice with two values
        ([row("10"), row("10.2", table_id="u")], False),  # the second is finer
        ([row("10"), row("80", unit="CNY")], False),  # two currencies: nothing is said of the rate
        ([row("10", basis="executed"), row("80", basis="contracted")], False),
    ],
)  # fmt: skip
def test_what_contradicts(rows: list[dict[str, Any]], contradicts: bool) -> None:
    assert bool(audit(*rows).contradictions) is contradicts


def test_a_qualified_figure_counts_by_what_it_stands_for_or_as_printed() -> None:
    over = row("12", item="EBOPS2010:SI", qualifier="over", lower=Decimal(12), upper=None)
    about = row("10.5", item="EBOPS2010:SI", qualifier="about", lower=Decimal("9.975"), upper=Decimal("11.025"))
    assert [c.grade for c in audit(row("10"), over).contradictions] == ["declared"]
    soft = audit(row("10.0"), about)
    assert [c.grade for c in soft.contradictions] == ["soft"] and not soft.has_contradiction
    assert audit(row("11.0"), about).contradictions == []


def test_what_follows_from_total_and_balance() -> None:
    """Digital trade of Guangzhou in 2020: 140.66 and 43.1 hundred million USD."""
    found = audit(
        row("140.66", flow="T", item="DEF:dds6", unit_mult=8),
        row("43.1", flow="T", item="DEF:dds6", measure="balance", unit_mult=8),
    )
    said = {d["flow"]: (d["lower"], d["upper"], d["contested"]) for d in make_report(found, Speaker("en"))["derived"]}
    assert said == {"X": (91.85, 91.91, False), "M": (48.75, 48.81, False)}


def test_a_value_that_rests_on_a_contradiction_is_contested() -> None:
    found = audit(*shares_of_2018(), row("55.07", flow="T", item="DEF:dds6", period="2018", unit_mult=8))
    (services,) = [d for d in found.derived if d.quantity.flow == "T" and d.quantity.item == "EBOPS2010:S"]
    assert services.contested and services.is_default
    assert (services.lower / 1e8, services.upper / 1e8) == pytest.approx((55.065 / 0.315, 55.075 / 0.305))


@pytest.mark.parametrize(
    ("rows", "kind", "figure"),
    [
        ([row("14.6", period="2014"), row("675", period="2021"), row("46", measure="increase", period="2021",
          base_period="2014")], "multiple", ()),
        ([row("1.71", period="2019"), row("2.61"), row("2.08", measure="growth", base_period="2019")], "digit_lost",
         ("52.08",)),
        ([row("100", period="2019"), row("88"), row("12.0", measure="growth", base_period="2019")], "sign", ("-12.0",)),
        ([row("10"), row("5", flow="M"), row("150", flow="T")], "unit", ("10^-1",)),
        ([row("10.0"), row("5.0", flow="M"), row("51.0", flow="T")], "digits_swapped", ("15.0",)),
        ([row("10.0"), row("5.0", flow="M"), row("115.0", flow="T")], "digit_doubled", ("15.0",)),
        ([row("100", period="2015"), row("200", period="2020"), row("18.9", measure="average_growth",
          period="2015/2020", base_period="2015", method="compound")], "periods", ("4",)),
        ([row("100", period="2015"), row("200", period="2020"), row("16.2", measure="average_growth",
          period="2015/2020", base_period="2015")], "mean_of_rates", ()),
        ([row("10"), row("30", flow="M"), row("10", flow="T", measure="balance")], "missing_as_zero", ()),
    ],
)  # fmt: skip
def test_what_may_have_been_meant(rows: list[dict[str, Any]], kind: str, figure: tuple[str, ...]) -> None:
    """Among the hypotheses that take the contradiction away is the one that was planted."""
    (finding,) = audit(*rows).findings
    found = [h for h in finding.hypotheses if h.kind == kind and h.restores]
    assert found and (not figure or set(figure) <= set(found[0].figures))


def test_an_amount_in_another_currency() -> None:
    rate = row("6.9", unit="CNY_PER_USD", item="XR:CNY_USD", flow="N", dataset="rates", unit_mult=0)
    for total in ("1035.0", "1032.0"):  # by the rate itself, and by another publisher's
        found = audit(row("100.0"), row("50.0", flow="M"), row(total, flow="T"), others=(rate,))
        assert any(h.kind == "currency" and h.restores for h in found.findings[0].hypotheses)


def test_percentages_that_a_sample_cannot_give() -> None:
    common = {"measure": "share", "basis": "survey", "reference": "SURVEY_FIRMS", "flow": "N", "n": 252}
    found = audit(*(row(p, item=f"SURVEY:{p}", **common) for p in ("41.55", "36.23", "31.4", "22", "11")))
    (survey,) = found.surveys
    assert survey.sizes[0] == 207 and 252 not in survey.sizes and found.has_contradiction
    assert [f.printed for f in survey.impossible] == ["41.55", "36.23", "31.4"]
    fine = audit(*(row(p, item=f"SURVEY:{p}", **common) for p in ("25.0", "50.0", "75.0")))
    assert fine.surveys[0].impossible == () and not fine.has_contradiction


def test_a_balance_that_is_minus_the_total_is_a_warning() -> None:
    found = audit(row("-55", flow="T", measure="balance"), row("55.07", flow="T"))
    assert [w.kind for w in found.warnings] == ["exports_nothing"] and found.contradictions == []
    assert audit(row("-50", flow="T", measure="balance"), row("55.07", flow="T")).warnings == []


def test_a_share_of_the_nation_beside_another_publication() -> None:
    share = row("8", measure="share", flow="T", reference="NATION", item="DEF:dds6")
    levels = [row("1515", geo="CHN", item="DEF:unctad", flow="X", dataset="u"),
              row("1348", geo="CHN", item="DEF:unctad", flow="M", dataset="u")]  # fmt: skip
    found = audit(row("140.66", flow="T", item="DEF:dds6"), share, others=tuple(levels))
    assert {o.flow: o.is_inside for o in found.outside} == {"X": False, "M": False, "T": False}
    assert {round(o.lower, -6) for o in found.outside} == {1655e6}


@pytest.mark.parametrize(
    ("figure", "reason"),
    [
        (row("4", measure="rank", reference="CITIES_CN"), "rank"),
        (row("5", measure="growth", price="constant", base_period="2019"), "price"),
        (row("42", measure="share", reference="DDS6", item="EBOPS2010:SI", period="2017/2019"), "span"),
        (row("42", measure="share", reference="EQUITY"), "reference"),
        (row("5", measure="growth"), "period"),
        (row("7", measure="average_growth", period="2005/2019", base_period="2005", method="mean"), "method"),
    ],
)
def test_what_is_not_judged_has_its_reason(figure: dict[str, Any], reason: str) -> None:
    found = audit(figure)
    assert [n.reason for n in found.not_judged] == [reason]
    assert make_report(found, Speaker("zh"))["not_judged"][0]["reason"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_report_in_all_forms(lang: str) -> None:
    bad = row("5", measure="growth", note="<b>")
    found = audit(*shares_of_2018(), row("55.07", flow="T", item="DEF:dds6", period="2018", unit_mult=8), bad)
    speaker = Speaker(lang)
    report = make_report(found, speaker, ["a.csv, row 3: <unknown>"])
    text, page = render_markdown(report, speaker), render_html(report, speaker)
    for part in (text, page):
        assert "AUDIT." not in part and "24.50" in part
    assert "&lt;unknown&gt;" in page and "<unknown>" not in page
    assert "http" not in page and "<script" not in page


def test_figures_that_have_nothing_to_do_with_a_contradiction_do_not_hide_it() -> None:
    """A growth of 63 % and a multiple of 1.60, among levels of other sizes around them: the solver must see the gap."""
    item = "EBOPS2010:SG"
    found = audit(
        row("63", measure="growth", item=item, flow="M", period="2011", base_period="2010"),
        row("145", flow="T", period="2011", unit_mult=8),
        row("94", measure="share", item="DEF:dds6", reference="SERVICES", period="2010"),
        row("-7.4", measure="balance", item="EBOPS2010:SJ", flow="T", period="2010", unit_mult=8),
        row("1.60", measure="multiple", item=item, flow="M", period="2011", base_period="2010"),
        row("60", measure="share", item=item, flow="M", reference="DDS6", period="2016"),
    )
    assert sets(found) == [("63", "1.60")]


def test_a_fall_of_more_than_all_is_a_contradiction_by_itself() -> None:
    fall = row("-150.0", measure="growth", period="2021", base_period="2020")
    for beside in ([], [row("100.0", period="2021", unit_mult=8)], [row("100.0", unit_mult=8)]):
        found = audit(fall, *beside)
        assert sets(found) == [("-150.0",)]
        assert not any(h.kind in ("swapped", "two_way") for h in found.findings[0].hypotheses)


def test_a_gap_of_half_a_unit_beside_ten_digits() -> None:
    found = audit(row("12345678.12"), row("12345678.12", flow="M"), row("24691356.26", flow="T"))
    assert len(found.contradictions) == 1
    assert audit(row("12345678.12"), row("12345678.12", flow="M"), row("24691356.25", flow="T")).contradictions == []


def test_a_difference_of_shares_says_what_it_leaves_for_them() -> None:
    common = {"measure": "share", "item": "DEF:dds6", "reference": "SERVICES"}
    difference = row("6.5", measure="difference", item="DEF:dds6", reference="IMPORT_SHARE")
    found = audit(row("25", flow="X", **common), row("20", flow="M", **common), difference)
    said = make_report(found, Speaker("en"))["contradictions"][0]["implied"]
    assert "the others leave 25.95 to 27.05 %" in said[0] and "the others leave 17.95 to 19.05 %" in said[1]
    assert "the others leave 4.0" in said[2]
