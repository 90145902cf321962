"""SDMX messages: the same five facts in every form, what may be missing in them, and what is refused.

The facts: China's exports of services in two items to the world, with a unit for the data set, a title for a group, a
multiplier for each series and a status for each observation. One figure ends in a zero, one is missing, one is NaN.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv

from transforms import sdmx_messages
from transforms.errors import InputError
from transforms.layout import parse_layout
from transforms.observe import read_observations
from transforms.sdmx_messages import MessageTable, read_codes, read_message, read_structure, to_grid, write_csv
from transforms.sdmx_messages.keys import find_repeated

COLUMNS = (
    *("REF_AREA", "COUNTERPART_AREA", "ACCOUNTING_ENTRY", "BOP_ITEM", "TIME_PERIOD", "OBS_VALUE"),
    *("UNIT_MEASURE", "TITLE", "UNIT_MULT", "DECIMALS", "OBS_STATUS", "CONF_STATUS"),
)
DIMENSIONS = COLUMNS[:5]
FACTS = [
    ("CN", "W1", "C", "SH", "2020", "12.50", "USD", "Use of intellectual property", "6", "2", "A", "F"),
    ("CN", "W1", "C", "SH", "2021", None, "USD", "Use of intellectual property", "6", "2", "M", "C"),
    ("CN", "W1", "C", "SI", "2020", "1000", "USD", None, "9", None, "A", "F"),
    ("CN", "W1", "C", "SI", "2021", "-0.10", "USD", None, "9", None, "P", None),
    ("CN", "W1", "C", "SI", "2022", "NaN", "USD", None, "9", None, "L", "F"),
]
FLOW = "OECD.SDD:DF_BOP(1.0)"

STRUCTURE = f"""<?xml version="1.0" encoding="UTF-8"?>
<mes:Structure xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
  xmlns:str="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure"
  xmlns:com="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common">
 <mes:Header><mes:ID>S</mes:ID></mes:Header>
 <mes:Structures>
  <str:Codelists>
   <str:Codelist id="CL_ITEM" agencyID="OECD.SDD" version="1.0"><com:Name xml:lang="en">Items</com:Name>
    <str:Code id="SH"><com:Name xml:lang="fr">Propriété</com:Name><com:Name xml:lang="en">Intellectual
       property</com:Name></str:Code>
    <str:Code id="SI"><com:Name xml:lang="fr">Télécom</com:Name></str:Code>
   </str:Codelist>
  </str:Codelists>
  <str:DataStructures>
   <str:DataStructure id="DSD_BOP" agencyID="OECD.SDD" version="1.0"><str:DataStructureComponents>
    <str:DimensionList>
     {"".join(f'<str:Dimension id="{d}" position="{n}"/>' for n, d in reversed(list(enumerate(DIMENSIONS[:4], 1))))}
     <str:TimeDimension id="TIME_PERIOD" position="5"/>
    </str:DimensionList>
    <str:AttributeList>{"".join(f'<str:Attribute id="{a}"/>' for a in COLUMNS[6:])}</str:AttributeList>
    <str:MeasureList><str:PrimaryMeasure id="OBS_VALUE"/></str:MeasureList>
   </str:DataStructureComponents></str:DataStructure>
  </str:DataStructures>
 </mes:Structures>
</mes:Structure>""".encode()

GENERIC = """<?xml version="1.0" encoding="UTF-8"?>
<mes:GenericData xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
  xmlns:gen="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/generic"
  xmlns:com="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common">
 <mes:Header>
  <mes:ID>M1</mes:ID><mes:Test>false</mes:Test><mes:Prepared>2026-01-31T12:00:00Z</mes:Prepared>
  <mes:Sender id="OECD"><com:Name xml:lang="en">The sender</com:Name></mes:Sender>
  <mes:Structure structureID="S1" dimensionAtObservation="TIME_PERIOD">
   <com:StructureUsage><Ref agencyID="OECD.SDD" id="DF_BOP" version="1.0"/></com:StructureUsage>
  </mes:Structure>
 </mes:Header>
 <mes:DataSet action="Replace" structureRef="S1">
  <gen:Attributes><gen:Value id="UNIT_MEASURE" value="USD"/></gen:Attributes>
  <gen:Group type="Item">
   <gen:GroupKey><gen:Value id="REF_AREA" value="CN"/><gen:Value id="BOP_ITEM" value="SH"/></gen:GroupKey>
   <gen:Attributes><gen:Value id="TITLE" value="Use of intellectual property"/></gen:Attributes>
  </gen:Group>
  <gen:Series>
   <gen:SeriesKey><gen:Value id="REF_AREA" value="CN"/><gen:Value id="COUNTERPART_AREA" value="W1"/>
    <gen:Value id="ACCOUNTING_ENTRY" value="C"/><gen:Value id="BOP_ITEM" value="SH"/></gen:SeriesKey>
   <gen:Attributes><gen:Value id="UNIT_MULT" value="6"/><gen:Value id="DECIMALS" value="2"/></gen:Attributes>
   <gen:Obs><gen:ObsDimension value="2020"/><gen:ObsValue value="12.50"/><gen:Attributes>
    <gen:Value id="OBS_STATUS" value="A"/><gen:Value id="CONF_STATUS" value="F"/></gen:Attributes></gen:Obs>
   <gen:Obs><gen:ObsDimension value="2021"/><gen:Attributes>
    <gen:Value id="OBS_STATUS" value="M"/><gen:Value id="CONF_STATUS" value="C"/></gen:Attributes></gen:Obs>
  </gen:Series>
  <gen:Series>
   <gen:SeriesKey><gen:Value id="REF_AREA" value="CN"/><gen:Value id="COUNTERPART_AREA" value="W1"/>
    <gen:Value id="ACCOUNTING_ENTRY" value="C"/><gen:Value id="BOP_ITEM" value="SI"/></gen:SeriesKey>
   <gen:Attributes><gen:Value id="UNIT_MULT" value="9"/></gen:Attributes>
   <gen:Obs><gen:ObsDimension value="2020"/><gen:ObsValue value="1000"/><gen:Attributes>
    <gen:Value id="OBS_STATUS" value="A"/><gen:Value id="CONF_STATUS" value="F"/></gen:Attributes></gen:Obs>
   <gen:Obs><gen:ObsDimension value="2021"/><gen:ObsValue value="-0.10"/><gen:Attributes>
    <gen:Value id="OBS_STATUS" value="P"/></gen:Attributes></gen:Obs>
   <gen:Obs><gen:ObsDimension value="2022"/><gen:ObsValue value="NaN"/><gen:Attributes>
    <gen:Value id="OBS_STATUS" value="L"/><gen:Value id="CONF_STATUS" value="F"/></gen:Attributes></gen:Obs>
  </gen:Series>
 </mes:DataSet>
</mes:GenericData>"""


def write_specific(version: str, *, flat: bool = False) -> str:
    """The facts as a structure-specific message; flat: every Obs carries all dimensions."""
    at = "AllDimensions" if flat else "TIME_PERIOD"
    reference = (
        '<com:StructureUsage><Ref agencyID="OECD.SDD" id="DF_BOP" version="1.0"/></com:StructureUsage>'
        if version == "2_1"
        else f"<com:StructureUsage>urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={FLOW}</com:StructureUsage>"
    )
    lines: list[str] = []
    for item in ("SH", "SI"):
        facts = [dict(zip(COLUMNS, fact, strict=True)) for fact in FACTS if fact[3] == item]
        above = [*DIMENSIONS[:4], "UNIT_MULT", "DECIMALS"]

        def print_cells(fact: dict[str, str | None], names: tuple[str, ...] | list[str]) -> str:
            return "".join(f' {n}="{fact[n]}"' for n in names if fact[n] is not None)

        below = ["TIME_PERIOD", "OBS_VALUE", "OBS_STATUS", "CONF_STATUS"]
        if flat:
            lines += [f"<Obs{print_cells(fact, [*above[:4], *below, *above[4:]])}/>" for fact in facts]
        else:
            lines += [f"<Series{print_cells(facts[0], above)}>"]
            lines += [*(f"<Obs{print_cells(fact, below)}/>" for fact in facts), "</Series>"]
    body = "\n".join(lines)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<mes:StructureSpecificData xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v{version}/message"
  xmlns:ss="http://www.sdmx.org/resources/sdmxml/schemas/v{version}/data/structurespecific"
  xmlns:com="http://www.sdmx.org/resources/sdmxml/schemas/v{version}/common"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:ns1="urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={FLOW}:ObsLevelDim:{at}">
 <mes:Header>
  <mes:ID>M1</mes:ID><mes:Test>false</mes:Test><mes:Prepared>2026-01-31T12:00:00Z</mes:Prepared>
  <mes:Sender id="OECD"/>
  <mes:Structure structureID="S1" namespace="urn:x" dimensionAtObservation="{at}">{reference}</mes:Structure>
 </mes:Header>
 <mes:DataSet ss:structureRef="S1" ss:action="Replace" ss:dataScope="DataStructure" xsi:type="ns1:DataSetType"
   UNIT_MEASURE="USD">
<Group xsi:type="ns1:Item" REF_AREA="CN" BOP_ITEM="SH" TITLE="Use of intellectual property"/>
{body}
 </mes:DataSet>
</mes:StructureSpecificData>"""


def write_json(version: str) -> str:
    """The facts as SDMX-JSON. 2.0 has a dimension group and direct texts; 1.0 gives the title with the series."""
    new = version == "2.0"

    def component(name: str, values: list[str], **more: Any) -> dict[str, Any]:
        return {"id": name, "name": name.title(), "values": [{"id": v, "name": f"Name of {v}"} for v in values], **more}

    title = {"id": "TITLE", "values": [{"value" if new else "name": "Use of intellectual property"}]}
    structure: dict[str, Any] = {
        "links": [{"rel": "dataflow", "urn": f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={FLOW}"}],
        "dimensions": {
            "dataSet": [
                component("REF_AREA", ["CN"], keyPosition=0),
                component("COUNTERPART_AREA", ["W1"], keyPosition=1),
            ],
            "series": [
                component("ACCOUNTING_ENTRY", ["C"], keyPosition=2),
                component("BOP_ITEM", ["SI", "SH"], keyPosition=3),
            ],
            "observation": [component("TIME_PERIOD", ["2020", "2021", "2022"], keyPosition=4)],
        },
        "attributes": {
            "dataSet": [component("UNIT_MEASURE", ["USD"])],
            "series": [component("UNIT_MULT", ["6", "9"]), component("DECIMALS", ["2"])],
            "observation": [
                component("OBS_STATUS", ["A", "M", "P", "L"]),
                {"id": "CONF_STATUS"} if new else component("CONF_STATUS", ["F", "C"]),
            ],
        },
    }
    free, secret = ('"F"', '"C"') if new else ("0", "1")
    series = f"""{{
      "0:1": {{"attributes": [0, 0{"" if new else ", 0"}],
              "observations": {{"0": [12.50, 0, {free}], "1": [null, 1, {secret}]}}}},
      "0:0": {{"attributes": [1],
              "observations": {{"0": [1000, 0, {free}], "1": [-0.10, 2], "2": ["NaN", 3, {free}]}}}}}}"""
    dataset = {"action": "Replace", "attributes": [0], "series": "@series"}
    if new:
        structure["measures"] = {"observation": [{"id": "OBS_VALUE"}]}
        structure["attributes"]["dimensionGroup"] = [title]
        dataset["dimensionGroupAttributes"] = {"0:::1:": [0]}
        data = {"structures": [structure], "dataSets": [{"structure": 0, **dataset}]}
    else:
        structure["attributes"]["series"].append(title)
        data = {"structure": structure, "dataSets": [dataset]}
    meta = {"id": "M1", "prepared": "2026-01-31T12:00:00Z", "test": False, "sender": {"id": "OECD"}}
    return json.dumps({"meta": meta, "data": data}).replace('"@series"', series)


def write_table(head: str, lead: str, *, both: bool = False, names: bool = False) -> str:
    """The facts as SDMX-CSV; both: "code: name" in the cells, names: a column of names after each component."""

    def print_cell(column: str, text: str | None) -> str:
        coded = column not in ("OBS_VALUE", "TITLE")
        if both:
            return f"{text}: Name of {text}" if text and coded else text or ""
        return f"{text or ''},{f'Name of {text}' if text and coded else ''}" if names else text or ""

    titles = [f"{c}: {c.title()}" if both else f"{c},{c.title()}" if names else c for c in COLUMNS]
    rows = [",".join([head, *titles])]
    rows += [",".join([lead, *map(print_cell, COLUMNS, fact)]) for fact in FACTS]
    return "\n".join(rows) + "\n"


FORMS: dict[str, str] = {
    "SDMX-ML 2.1 generic": GENERIC,
    "SDMX-ML 2.1 structure-specific": write_specific("2_1"),
    "SDMX-ML 3.0 structure-specific": write_specific("3_0"),
    "SDMX-JSON 1.0": write_json("1.0"),
    "SDMX-JSON 2.0": write_json("2.0"),
    "SDMX-CSV 1.0": write_table("DATAFLOW", FLOW),
    "SDMX-CSV 2.0": write_table("STRUCTURE,STRUCTURE_ID,ACTION", f"dataflow,{FLOW},R"),
}


def read(text: str, **more: Any) -> MessageTable:
    return read_message(text.encode(), "bop", **more)


def list_facts(message: MessageTable) -> list[tuple[str | None, ...]]:
    """The rows in the order of COLUMNS; a component that the message does not have is missing in every row."""
    assert set(message.columns) <= set(COLUMNS)
    return [tuple(row.get(name) for name in COLUMNS) for row in message.table.to_pylist()]


def refuse(text: str | bytes, **more: Any) -> str:
    content = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(InputError) as caught:
        read_message(content, "bop", **more)
    assert str(caught.value).startswith("bop")
    assert "What to do:" in str(caught.value)
    return str(caught.value)


# The same facts in every form


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_texts(form: str) -> None:
    message = read(FORMS[form])
    assert message.format == form
    assert list_facts(message) == FACTS  # 12.50 and -0.10 keep their zeros, 1000 gets none
    assert message.header["structure"] == FLOW
    if "CSV" not in form:
        assert [message.header[k] for k in ("id", "prepared", "sender", "action")] == [
            *("M1", "2026-01-31T12:00:00Z", "OECD", "Replace")
        ]


def test_with_the_structure_all_forms_give_the_same_table() -> None:
    structure = read_structure(STRUCTURE, "dsd.xml")
    expected = pa.table({n: pa.array([f[i] for f in FACTS], pa.string()) for i, n in enumerate(COLUMNS)})
    flat = write_specific("2_1", flat=True)
    for form, text in {**FORMS, "flat": flat}.items():
        message = read(text, structure=structure)
        assert message.table.combine_chunks().equals(expected), form
        assert message.roles == structure.roles, form


@pytest.mark.parametrize("form", ["SDMX-ML 2.1 generic", "SDMX-JSON 1.0", "SDMX-JSON 2.0"])
def test_forms_that_name_their_dimensions_order_them(form: str) -> None:
    message = read(FORMS[form])
    assert message.columns[:6] == COLUMNS[:6]
    assert [n for n, role in message.roles.items() if role == "dimension"] == list(DIMENSIONS)


@pytest.mark.parametrize("version", ["2_1", "3_0"])
def test_flat_observations(version: str) -> None:
    assert list_facts(read(write_specific(version, flat=True))) == FACTS


def test_generic_flat_observations() -> None:
    key = "".join(f'<gen:Value id="{d}" value="{v}"/>' for d, v in zip(DIMENSIONS, FACTS[0], strict=False))
    start, end = GENERIC.index("<gen:Series>"), GENERIC.rindex("</gen:Series>") + len("</gen:Series>")
    obs = f'<gen:Obs><gen:ObsKey>{key}</gen:ObsKey><gen:ObsValue value="12.50"/></gen:Obs>'
    message = read(GENERIC[:start] + obs + GENERIC[end:])
    assert message.table.to_pylist() == [
        {**dict(zip(COLUMNS[:8], FACTS[0], strict=False))},
    ]


def test_labels_in_cells_and_in_columns() -> None:
    both = read(write_table("STRUCTURE,STRUCTURE_ID,ACTION", f"dataflow,{FLOW}: Balance of payments,R", both=True))
    names = read(
        write_table(
            "STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION", f"dataflow,{FLOW},Balance of payments,R", names=True
        )
    )
    for message in (both, names):
        assert list_facts(message) == FACTS
        assert message.header["structure"] == FLOW
        assert message.labels["BOP_ITEM"] == {"SH": "Name of SH", "SI": "Name of SI"}
        assert "TITLE" not in message.labels
    assert read(FORMS["SDMX-JSON 2.0"]).labels["BOP_ITEM"] == {"SI": "Name of SI", "SH": "Name of SH"}


def test_a_text_with_a_colon_is_no_label() -> None:
    text = write_table("DATAFLOW", FLOW, both=True).replace("Use of intellectual property", "Note: see (1)")
    text = text.replace(",,9: Name", ",See: below and above,9: Name", 1).replace(",,9: Name", ",See: elsewhere,9: Name")
    message = read(text)
    assert [row[7] for row in list_facts(message)][1:4] == ["Note: see (1)", "See: below and above", "See: elsewhere"]


def test_label_columns() -> None:
    text = "STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,REF_AREA_LABEL,TIME_PERIOD,OBS_VALUE\n"
    text += "datastructure,X:DS(1.0),I,CN,China,2020,5.0\ndatastructure,X:DS(1.0),I,NA,Namibia,2020,6.10\n"
    message = read(text)
    assert message.columns == ("REF_AREA", "TIME_PERIOD", "OBS_VALUE")
    assert message.labels == {"REF_AREA": {"CN": "China", "NA": "Namibia"}}
    assert message.table["OBS_VALUE"].to_pylist() == ["5.0", "6.10"]


def test_json_with_the_structure_at_the_top() -> None:
    raw = json.loads(FORMS["SDMX-JSON 1.0"], parse_float=str)
    old = {"header": raw["meta"], "structure": raw["data"]["structure"], "dataSets": raw["data"]["dataSets"]}
    assert list_facts(read(json.dumps(old))) == FACTS


def test_semicolons_and_byte_order_mark() -> None:
    text = FORMS["SDMX-CSV 2.0"].replace(",", ";")
    message = read_message(b"\xef\xbb\xbf" + text.encode(), "bop.csv")
    assert list_facts(message) == FACTS


# Values of more than one part, defaults, several data sets


def test_values_of_several_parts() -> None:
    specific = write_specific("3_0").replace(
        '<Obs TIME_PERIOD="2020" OBS_VALUE="12.50" OBS_STATUS="A" CONF_STATUS="F"/>',
        '<Obs TIME_PERIOD="2020" OBS_VALUE="12.50" OBS_STATUS="A"><Comp id="CONF_STATUS"><Value>F</Value>'
        "<Value>N</Value></Comp></Obs>",
    )
    modern = FORMS["SDMX-JSON 2.0"].replace('[12.50, 0, "F"]', '[12.50, 0, ["F", "N"]]')
    assert list_facts(read(specific))[0][-1] == "F;N"
    assert list_facts(read(modern))[0][-1] == "F;N"
    languages = FORMS["SDMX-JSON 2.0"].replace('[12.50, 0, "F"]', '[12.50, 0, {"en": "free", "fr": "libre"}]')
    assert list_facts(read(languages))[0][-1] == "en:free;fr:libre"


def test_default_of_a_json_attribute() -> None:
    text = FORMS["SDMX-JSON 2.0"].replace('{"id": "CONF_STATUS"}', '{"id": "CONF_STATUS", "default": "N"}')
    assert [row[-1] for row in list_facts(read(text))] == ["F", "C", "F", "N", "F"]


def test_atts_of_the_data_set() -> None:
    text = write_specific("3_0").replace("<Group", '<Atts DECIMALS_SHOWN="1"/><Group')
    assert read(text).table["DECIMALS_SHOWN"].to_pylist() == ["1"] * 5


def test_several_data_sets_and_structures() -> None:
    head = "STRUCTURE,STRUCTURE_ID,ACTION,REF_AREA,TIME_PERIOD,OBS_VALUE\n"
    message = read(head + "dataflow,X:A(1.0),A,CN,2020,1.0\ndataflow,X:B(1.0),R,CN,2020,2.0\n")
    assert message.columns[:2] == ("STRUCTURE_ID", "ACTION")
    assert message.table["STRUCTURE_ID"].to_pylist() == ["X:A(1.0)", "X:B(1.0)"]
    assert message.table["ACTION"].to_pylist() == ["Append", "Replace"]
    assert message.header["structure"] == "X:A(1.0); X:B(1.0)"
    assert any("only what changed" in notice for notice in message.notices)


def test_two_data_sets_in_xml_keep_their_own_attributes() -> None:
    start, end = GENERIC.index(" <mes:DataSet"), GENERIC.index("</mes:GenericData>")
    second = GENERIC[start:end].replace('"CN"', '"JP"').replace('"USD"', '"JPY"').replace("intellectual", "other")
    message = read(GENERIC[:end] + second + GENERIC[end:])
    assert message.table["UNIT_MEASURE"].to_pylist() == ["USD"] * 5 + ["JPY"] * 5
    assert message.table["TITLE"].to_pylist()[5:7] == ["Use of other property"] * 2
    assert message.header["datasets"] == "2"


def test_partial_keys_in_csv() -> None:
    text = FORMS["SDMX-CSV 2.0"].replace("Use of intellectual property", "")
    text += f"dataflow,{FLOW},R,CN,,,SH,,,,Use of intellectual property,,,,\n"
    assert list_facts(read(text, structure=read_structure(STRUCTURE, "dsd.xml"))) == FACTS
    assert "part of a key" in refuse(text)


# Positions


def test_locators_name_observation_and_line() -> None:
    message = read(GENERIC)
    line = next(n for n, text in enumerate(GENERIC.splitlines(), 1) if 'value="-0.10"' in text)
    assert message.locator(4) == f"bop!observation 4 (line {line})"
    assert read(FORMS["SDMX-JSON 2.0"]).locator(4) == "bop!observation 4"
    assert read(FORMS["SDMX-CSV 1.0"]).locator(4) == "bop!observation 4 (line 5)"


def test_grid_has_the_ids_above_the_observations() -> None:
    grid = to_grid(read(FORMS["SDMX-JSON 2.0"]))
    assert grid.cells[0][:6] == COLUMNS[:6]
    assert len(grid.cells) == 6
    assert grid.cells[2][5] == ""  # a missing value is an empty cell, beside its status
    assert grid.cells[2][grid.cells[0].index("OBS_STATUS")] == "M"
    assert grid.locator(5, 6) == "bop!R5C6"
    assert grid.cells[4][5] == "-0.10"  # observation 4


def test_write_csv() -> None:
    target = io.BytesIO()
    write_csv(GENERIC.encode(), "bop", target)
    target.seek(0)
    back = arrow_csv.read_csv(
        target,
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(COLUMNS, pa.string()), strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
    assert [tuple(row[n] for n in COLUMNS) for row in back.to_pylist()] == FACTS


def test_many_observations_pass_through_several_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdmx_messages.rows, "CHUNK", 2)
    for form, text in FORMS.items():
        assert list_facts(read(text)) == FACTS, form


# What the service says


FOOTER = """ <foot:Footer xmlns:foot="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message/footer">
  <foot:Message code="{code}" severity="{severity}"><com:Text>{text}</com:Text></foot:Message></foot:Footer>
</mes:GenericData>"""


def add_footer(text: str, code: str, severity: str, said: str) -> str:
    return text.replace("</mes:GenericData>", FOOTER.format(code=code, severity=severity, text=said))


def test_footers() -> None:
    noted = read(add_footer(GENERIC, "900", "Information", "Revised in May"))
    assert noted.notices == ("the service says: Information 900: Revised in May",)
    assert "not complete" in refuse(add_footer(GENERIC, "510", "Warning", "Response size exceeds the limit"))
    assert "Semantic error" in refuse(add_footer(GENERIC, "150", "Error", "Semantic error"))
    start, end = GENERIC.index(" <mes:DataSet"), GENERIC.index("</mes:GenericData>")
    empty = add_footer(GENERIC[:start] + GENERIC[end:], "100", "Information", "No results found")
    assert "no observation; the service says: No results found" in refuse(empty)


def test_error_messages() -> None:
    space = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
    text = f"""<mes:Error xmlns:mes="{space}/message" xmlns:com="{space}/common">
      <mes:ErrorMessage code="100"><com:Text>No results found</com:Text></mes:ErrorMessage></mes:Error>"""
    assert "No results found" in refuse(text)
    assert "Too many requests" in refuse('{"errors": [{"code": 429, "title": "Too many requests"}]}')
    raw = json.loads(FORMS["SDMX-JSON 2.0"], parse_float=str)
    raw["errors"] = [{"code": 510, "titles": {}, "detail": "cut after 100 series"}]
    assert "cut after 100 series" in refuse(json.dumps(raw))


def test_test_messages_and_lost_groups_are_noticed() -> None:
    assert read(GENERIC.replace(">false<", ">true<")).notices == ("the message says that it is a test",)
    other = GENERIC.replace(
        '<gen:Value id="BOP_ITEM" value="SH"/></gen:GroupKey>', '<gen:Value id="BOP_ITEM" value="SK"/></gen:GroupKey>'
    )
    (notice,) = read(other).notices
    assert "describes no observation" in notice
    assert "TITLE=Use of intellectual property" in notice


def test_series_without_observations_and_annotations_are_noticed() -> None:
    series = '<Series REF_AREA="JP" COUNTERPART_AREA="W1" ACCOUNTING_ENTRY="C" BOP_ITEM="SH" UNIT_MULT="6"/>'
    message = read(write_specific("2_1").replace(" </mes:DataSet>", series + "</mes:DataSet>"))
    assert list_facts(message) == FACTS
    assert [n for n in message.notices if "REF_AREA=JP" in n and "no observation" in n] == list(message.notices)
    raw = FORMS["SDMX-JSON 1.0"].replace('"0:0": {', '"0:0": {"observations": {}, "attributes": [1]}, "0:9": {', 1)
    assert "no value with this index" in refuse(raw)
    annotated = GENERIC.replace("<gen:Obs>", "<gen:Obs><com:Annotations><com:Annotation/></com:Annotations>", 1)
    assert list_facts(read(annotated)) == FACTS
    assert read(annotated).notices == ("annotations of the message are left out",)


# What is refused


def cut(form: str) -> str:
    return FORMS[form][: len(FORMS[form]) // 2]


XML_DOCTYPE = GENERIC.replace("?>", '?>\n<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', 1)
BOMB = GENERIC.replace("?>", '?>\n<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>', 1).replace(
    "12.50", "&b;"
)

LINE_1000 = next(n for n, text in enumerate(GENERIC.splitlines(), 1) if 'value="1000"' in text)
SPACE = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
CREDIT, CONF = '<gen:Value id="ACCOUNTING_ENTRY" value="C"/>', '<gen:Value id="CONF_STATUS" value="C"/>'
JSON, TABLE = FORMS["SDMX-JSON 2.0"], FORMS["SDMX-CSV 1.0"]

BROKEN: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "the message is empty"),
    "an ordinary table": ("year,value\n2020,1\n", "no SDMX message"),
    "a cut XML": (cut("SDMX-ML 2.1 generic"), "broken or cut off"),
    "a cut JSON": (cut("SDMX-JSON 2.0"), "broken or cut off"),
    "a web page": ("<!DOCTYPE html><html><body>Sorry</body></html>", "web page"),
    "a web page without a document type": ("<html><body>Sorry</body></html>", "web page"),
    "a document type with an entity": (XML_DOCTYPE, "DOCTYPE"),
    "entities of entities": (BOMB, "DOCTYPE"),
    "the namespace of SDMX-ML 2.0": (
        GENERIC.replace(SPACE, SPACE.replace("v2_1", "v2_0")),
        "no SDMX-ML 2.1 or 3.0 message",
    ),
    "another namespace in the data": (GENERIC.replace("data/generic", "data/other"), "wrong namespace"),
    "XML of something else": ("<rss><channel/></rss>", "no SDMX-ML 2.1 or 3.0 message"),
    "a structure message": (STRUCTURE, "holds no data"),
    "a JSON structure message": ('{"data": {"codelists": []}}', "holds no data"),
    "another JSON": ('{"rows": [1, 2]}', "no dataSets"),
    "a JSON in another form": ('{"data": {"dataSets": [[1]], "structure": 5}}', "not the form"),
    "too deep a JSON": ('{"data": ' + "[" * 200_000 + "]" * 200_000 + "}", "nests too deep"),
    "too deep an XML": (GENERIC.replace("<gen:ObsDimension", "<gen:Obs>" * 80 + "<gen:ObsDimension", 1), "deeper than"),
    "an XML encoding nobody knows": (GENERIC.replace("UTF-8", "X-NOTHING"), "cannot be read|broken"),
    "a deletion": (GENERIC.replace('action="Replace"', 'action="Delete"'), "tells to delete"),
    "a JSON deletion": (JSON.replace('"Replace"', '"Delete"'), "tells to delete"),
    "one row that deletes": (
        FORMS["SDMX-CSV 2.0"].replace(",R,CN,W1,C,SI,2022", ",D,CN,W1,C,SI,2022"),
        "row 6: .*delete",
    ),
    "an action nobody knows": (FORMS["SDMX-CSV 2.0"].replace(",R,CN", ",X,CN", 1), "row 2: the action is none"),
    "a series without a dimension": (
        GENERIC.replace(CREDIT + '<gen:Value id="BOP_ITEM" value="SI"/>', '<gen:Value id="BOP_ITEM" value="SI"/>'),
        f"row {LINE_1000}: the observation has no value for the dimension ACCOUNTING_ENTRY",
    ),
    "a dimension that the others do not have": (
        GENERIC.replace(
            'value="SI"/></gen:SeriesKey>', 'value="SI"/><gen:Value id="SECTOR" value="S"/></gen:SeriesKey>'
        ),
        "SECTOR is no dimension of the observations before",
    ),
    "an observation without a period": (
        write_specific("2_1").replace(' TIME_PERIOD="2022"', ""),
        "no value for the dimension TIME_PERIOD",
    ),
    "an empty dimension": (GENERIC.replace('"2022"', '""'), "no value for the dimension TIME_PERIOD"),
    "a JSON key that is too short": (JSON.replace('"0:0": {"attributes', '"0": {"attributes'), "1 indexes for the 2"),
    "a JSON index that is not there": (
        JSON.replace("-0.10, 2]", "-0.10, 7]"),
        "OBS_STATUS has no value with this index",
    ),
    "a JSON value too many": (JSON.replace('1000, 0, "F"]', '1000, 0, "F", 0]'), "4 values for the 3 components"),
    "two figures for a key": (
        write_specific("2_1").replace(' TIME_PERIOD="2022"', ' TIME_PERIOD="2021"'),
        "observations 4 and 5 have the same key: .*BOP_ITEM=SI, .*TIME_PERIOD=2021.*-0.10 and NaN",
    ),
    "two figures for a key of a JSON": (
        JSON.replace('"2": ["NaN"', '"1": ["NaN"'),
        "two values for one key of the JSON",
    ),
    "a row twice": (TABLE + TABLE.splitlines()[1], "row 7: observations 1 and 6"),
    "two texts for one attribute": (
        GENERIC.replace(CONF, CONF + '<gen:Value id="TITLE" value="Other"/>'),
        "observation 2 has two values for TITLE",
    ),
    "a row that is too short": (TABLE.replace(",A,F\n", ",A\n", 1), "row 2: the row has 12 cells for 13"),
    "a quote that does not close": (TABLE.replace("12.50", '"12.50'), "cannot be parsed|cells for"),
    "a heading twice": (TABLE.replace("DECIMALS", "UNIT_MULT"), "no heading, or that of another"),
    "a CSV that is not UTF-8": (TABLE.replace("12.50", "é").encode("cp1252"), "row 2: the SDMX-CSV is not UTF-8"),
    "only a heading": (TABLE.splitlines()[0], "no observation"),
    "no STRUCTURE_ID": (FORMS["SDMX-CSV 2.0"].replace("STRUCTURE_ID", "ID"), "not STRUCTURE_ID"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_messages_are_refused(what: str) -> None:
    text, expected = BROKEN[what]
    said = refuse(text)
    assert re.search(expected, said), said


def test_the_structure_finds_unknown_components_and_missing_dimensions() -> None:
    structure = read_structure(STRUCTURE, "dsd.xml")
    unknown = FORMS["SDMX-CSV 1.0"].replace("DECIMALS", "COLOUR")
    assert "COLOUR is no component of the data structure OECD.SDD:DSD_BOP(1.0)" in refuse(unknown, structure=structure)
    missing = write_specific("2_1", flat=True).replace(' BOP_ITEM="SI"', "", 1)
    assert "no value for the dimension BOP_ITEM" in refuse(missing, structure=structure)


def test_sizes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdmx_messages.model, "MOST_JSON_BYTES", 1000)
    assert "larger than" in refuse(FORMS["SDMX-JSON 2.0"])
    monkeypatch.setattr(sdmx_messages.rows, "MOST_COMPONENTS", 5)
    assert "more than 5 components" in refuse(GENERIC)


# Structure messages


def test_structure_in_its_order() -> None:
    structure = read_structure(STRUCTURE, "dsd.xml")
    assert structure.id == "OECD.SDD:DSD_BOP(1.0)"
    assert structure.dimensions == DIMENSIONS  # by position, as written they stand the other way round
    assert structure.measures == ("OBS_VALUE",)
    assert structure.attributes == COLUMNS[6:]
    with pytest.raises(InputError, match="no data structure of that name"):
        read_structure(STRUCTURE, "dsd.xml", wanted="DSD_OTHER")
    with pytest.raises(InputError, match="no structure message"):
        read_structure(GENERIC.encode(), "data.xml")


def test_codes() -> None:
    assert read_codes(STRUCTURE, "dsd.xml") == {"CL_ITEM": {"SH": "Intellectual property", "SI": "Télécom"}}
    assert read_codes(STRUCTURE, "dsd.xml", language="fr")["CL_ITEM"]["SH"] == "Propriété"
    twice = STRUCTURE.replace(
        b"</str:Codelists>",
        b'<str:Codelist id="CL_ITEM" agencyID="IMF" version="2.0"><str:Code id="X"/></str:Codelist></str:Codelists>',
    )
    assert set(read_codes(twice, "dsd.xml")) == {"OECD.SDD:CL_ITEM(1.0)", "IMF:CL_ITEM(2.0)"}
    raw = {"data": {"codelists": [{"id": "CL_ITEM", "codes": [{"id": "SH", "name": "Property"}]}]}}
    assert read_codes(json.dumps(raw).encode(), "dsd.json") == {"CL_ITEM": {"SH": "Property"}}


@pytest.mark.parametrize("change", [lambda s: s.replace(b"?>", b"?><!DOCTYPE x>", 1), lambda s: s[: len(s) // 2]])
def test_broken_structures_are_refused(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(InputError, match=r"DOCTYPE|cut off"):
        read_codes(change(STRUCTURE), "dsd.xml")


def test_codes_of_a_3_0_structure_and_its_value_lists() -> None:
    value_list = (
        b'<str:ValueLists><str:ValueList id="VL" agencyID="X" version="1.0"><str:ValueItem id="a/b">'
        b'<com:Name xml:lang="en">Both</com:Name></str:ValueItem></str:ValueList></str:ValueLists><str:Codelists>'
    )
    measures = b'<str:MeasureList><str:Measure id="OBS_VALUE"/><str:Measure id="OBS_PRE"/>'
    content = STRUCTURE.replace(b"v2_1", b"v3_0").replace(b"<str:Codelists>", value_list)
    content = content.replace(b'<str:MeasureList><str:PrimaryMeasure id="OBS_VALUE"/>', measures)
    assert read_codes(content, "dsd.xml")["VL"] == {"a/b": "Both"}
    assert read_codes(content, "dsd.xml")["CL_ITEM"] == {"SH": "Intellectual property", "SI": "Télécom"}
    structure = read_structure(content, "dsd.xml")
    assert structure.dimensions == DIMENSIONS
    assert structure.measures == ("OBS_VALUE", "OBS_PRE")


def test_a_structure_that_the_library_cannot_read_is_refused_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=r"cannot be read by sdmx1.*\n?.*NotImplementedError"):
        read_codes(STRUCTURE.replace(b"<str:Codelists>", b"<str:Unheard/><str:Codelists>"), "dsd.xml")
    assert capsys.readouterr().out == ""  # the library prints the element


# Real files


def test_real_sdmx_csv_1(shared_data: Path) -> None:
    content = (shared_data / "sdmx_samples" / "pysdmx_data_v1.csv").read_bytes()
    message = read_message(content, "pysdmx_data_v1.csv")
    assert message.table.num_rows == content.count(b"\n") - 1
    assert message.header["structure"] == "BIS:WEBSTATS_DER_DATAFLOW(1.0)"
    third = message.table.slice(2, 1).to_pylist()[0]
    assert (third["TIME_PERIOD"], third["OBS_VALUE"], third["OBS_STATUS"]) == ("2004", "14206.490766", "A")
    assert message.table["OBS_VALUE"].null_count == content.count(b",M,F,")  # exactly the missing ones


def test_real_structure_refers_to_its_code_lists(shared_data: Path) -> None:
    content = (shared_data / "sdmx_samples" / "IMF_STA_DSD_BOP.xml").read_bytes()
    assert "holds no data" in refuse(content)
    structure = read_structure(content, "dsd.xml")
    assert structure.id == "IMF.STA:DSD_BOP(24.0.0)"
    assert structure.dimensions == ("COUNTRY", "BOP_ACCOUNTING_ENTRY", "INDICATOR", "UNIT", "FREQUENCY", "TIME_PERIOD")
    with pytest.raises(InputError, match=r"only refers to \d+: .*IMF.STA:CL_BOP_ACCOUNTING_ENTRY"):
        read_codes(content, "dsd.xml")


# Against an independent reader, and on to the observations


def read_with_library(text: str) -> list[dict[str, Any]]:
    """What sdmx1 makes of a message: one dict of texts for each observation, attributes of the data set included."""
    import sdmx.reader.xml.v30  # first: sdmx1 2.28 cannot load it after a message with a namespace of its own

    rows = []
    for dataset in sdmx.read_sdmx(io.BytesIO(text.encode())).data:
        above = {name: value.value for name, value in getattr(dataset, "attrib", {}).items()}
        for obs in dataset.obs:
            row = {key.id: key.value for key in obs.key.values.values()}
            row |= {name: value.value for name, value in obs.attrib.items()} | above
            rows.append(row | ({"OBS_VALUE": obs.value} if obs.value is not None else {}))
    return rows


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        pytest.param(GENERIC, set(), id="generic"),
        # without the structure the library leaves out the attributes of the data set
        pytest.param(write_specific("2_1"), {"UNIT_MEASURE"}, id="2.1"),
        pytest.param(write_specific("3_0"), {"UNIT_MEASURE"}, id="3.0"),
        pytest.param(write_specific("2_1", flat=True), {"UNIT_MEASURE"}, id="flat"),
    ],
)
def test_an_independent_reader_agrees(text: str, unread: set[str]) -> None:
    ours = [
        {name: said for name, said in row.items() if said is not None and name not in unread}
        for row in read(text).table.to_pylist()
    ]
    assert read_with_library(text) == ours


COMPLEX = write_specific("3_0").replace(
    ' CONF_STATUS="F"/>', '><Comp id="CONF_STATUS"><Value>F</Value><Value>N</Value></Comp></Obs>', 1
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(COMPLEX, "KeyError", id="several values of an observation's attribute"),
        pytest.param(write_specific("3_0").replace("<Group", '<Atts X="1"/><Group'), "Atts", id="Atts"),
        pytest.param(
            GENERIC.replace("<gen:Obs>", "<gen:Obs><com:Annotations><com:Annotation/></com:Annotations>", 1),
            "uncollected",
            id="annotated observation",
        ),
    ],
)
def test_the_library_still_cannot_read_what_we_read(text: str, reason: str) -> None:
    """The reasons of docs/sdmx.md for reading data messages here: if one falls, the decision is to be made anew."""
    assert read(text).table["OBS_VALUE"].to_pylist() == [fact[5] for fact in FACTS]
    with pytest.raises(Exception) as caught:
        read_with_library(text)
    assert reason in repr(caught.value.__cause__ or caught.value)


def test_the_library_takes_the_last_of_two_texts_for_one_attribute() -> None:
    text = GENERIC.replace(CONF, CONF + CONF.replace('"C"', '"F"'))
    assert read_with_library(text)[1]["CONF_STATUS"] == "F"
    assert "two values for CONF_STATUS" in refuse(text)


def test_an_independent_reader_agrees_on_the_real_structure(shared_data: Path) -> None:
    import sdmx.reader.xml.v30  # see read_with_library

    content = (shared_data / "sdmx_samples" / "IMF_STA_DSD_BOP.xml").read_bytes()
    (theirs,) = sdmx.read_sdmx(io.BytesIO(content)).structure.values()
    ours = read_structure(content, "dsd.xml")
    assert ours.dimensions == tuple(d.id for d in theirs.dimensions)
    assert ours.measures == tuple(m.id for m in theirs.measures)
    assert set(ours.attributes) == {a.id for a in theirs.attributes if not hasattr(a, "metadata_attribute")}


@pytest.mark.parametrize("form", FORMS)
def test_the_documented_layout_reads_every_form(form: str) -> None:
    page = (Path(__file__).resolve().parent.parent / "docs" / "sdmx.md").read_text(encoding="utf-8")
    layout = parse_layout(page.split("```toml\n")[1].split("```")[0], "bop.toml")
    rows = read_observations(to_grid(read(FORMS[form])), layout, "oecd_bop", "2026").to_pylist()
    assert [
        (r["item"], r["period"], r["printed"], r["decimals"], r["unit_mult"], r["obs_status"], r["conf_status"])
        for r in rows
    ] == [
        ("EBOPS2010:SH", "2020", "12.50", 2, 6, "A", "F"),
        ("EBOPS2010:SH", "2021", "", None, 6, "M", "C"),
        ("EBOPS2010:SI", "2020", "1000", 0, 9, "A", "F"),
        ("EBOPS2010:SI", "2021", "-0.10", 2, 9, "P", "F"),
        ("EBOPS2010:SI", "2022", "NaN", None, 9, "L", "F"),
    ]
    assert {(r["geo"], r["partner"], r["flow"], r["unit"]) for r in rows} == {("CHN", "W", "X", "USD")}
    assert rows[0]["locator"].startswith("bop!R2C")
    assert rows[0]["note"] == "Use of intellectual property"


def test_repeated_keys_are_found_among_very_many_possible_ones() -> None:
    """Eight columns of 1000 texts each allow 10^24 keys, more than an integer holds."""
    columns = [[f"{(row * step) % 1000}" for row in range(3000)] for step in (1, 3, 7, 9, 11, 13, 17, 19)]
    for column in columns:
        column[1000:] = [f"{int(text) + 1000 * (row // 1000 + 1)}" for row, text in enumerate(column[1000:])]
    chunked = [pa.chunked_array([column[:500], column[500:]], pa.string()) for column in columns]
    assert find_repeated(chunked) is None
    for column in columns:
        column[2500] = column[40]
        column[2600] = column[30]
    chunked = [pa.chunked_array([column[:500], column[500:]], pa.string()) for column in columns]
    assert find_repeated(chunked) == (40, 2500, 1)
    empty = [pa.chunked_array([["a", None, "a", None]], pa.string())]
    assert find_repeated(empty) == (0, 2, 1)
