"""SDMX-ML data messages, generic and structure-specific."""

from __future__ import annotations

import re

from transforms.errors import InputError
from transforms.sdmx_messages.groups import Group
from transforms.sdmx_messages.markup import check_depth, make_parser, parse, refuse_web_page, split_name
from transforms.sdmx_messages.model import TIME, VALUE, name_reference, name_urn, refuse_structure
from transforms.sdmx_messages.rows import DataSet, Rows

_MESSAGE_SPACE = re.compile(r"http://www\.sdmx\.org/resources/sdmxml/schemas/v(\d_\d)/message")
_VERSIONS = {"2_1": "2.1", "3_0": "3.0"}
_XML_FORMS = {
    "GenericData": "generic",
    "GenericTimeSeriesData": "generic",
    "StructureSpecificData": "structure-specific",
    "StructureSpecificTimeSeriesData": "structure-specific",
}
_HEADER_TEXTS = {
    "ID": "id",
    "Test": "test",
    "Prepared": "prepared",
    "DataSetAction": "action",
    "DataSetID": "dataset_id",
    "Extracted": "extracted",
    "Source": "source",
}
# What a DataSet element says of itself, as against the attributes of the data structure.
_SET_ATTRIBUTES = {
    *("action", "structureRef", "dataScope", "setID", "validFromDate", "validToDate", "publicationYear"),
    *("publicationPeriod", "reportingBeginDate", "reportingEndDate"),
}


def read_xml(content: bytes, file: str, rows: Rows) -> str:
    """Read a data message into rows; returns the form."""
    reader = _XmlReader(file, rows)
    parse(reader.parser, content, file)
    return f"SDMX-ML {reader.version} {reader.form}"


class _XmlReader:
    """Walks through a data message once. Texts of attributes are as printed but for line breaks (the rule of XML)."""

    def __init__(self, file: str, rows: Rows) -> None:
        self.file, self.rows = file, rows
        self.parser = make_parser(file)
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._keep_text
        self.path: list[str] = []
        self.version = self.form = ""
        self.structures: dict[str, tuple[str, str]] = {}  # id in the message -> structure, dimension at observation
        self.reference = ("", "", "")  # of the header's structure being read: id, dimension at observation, name
        self.text: list[str] | None = None
        self.dataset: DataSet | None = None
        self.at_observation = ""
        self.series: dict[str, str] = {}
        self.before = 0  # observations read before this series
        self.observation: dict[str, str] = {}
        self.group: dict[str, str] = {}
        self.group_key: dict[str, str] = {}
        self.line = 0
        self.component, self.parts = "", [""]
        self.skipping = 0
        self.error = ("", "")

    def _refuse(self, problem: str, found: str | None = None, todo: str = "") -> InputError:
        return self.rows.refuse(problem, line=self.parser.CurrentLineNumber, found=found, todo=todo)

    # elements

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        space, local = split_name(tag)
        self.path.append(local)
        check_depth(len(self.path), self.file, self.parser.CurrentLineNumber)
        if len(self.path) == 1:
            self._check_root(space, local)
        elif self.skipping or local == "Annotations":
            self.skipping += 1
            if self.skipping == 1 and self.dataset:
                self.rows.notices.append("annotations of the message are left out")
        elif self.path[1] in ("Footer", "ErrorMessage"):
            self._start_said(local, attributes)
        elif self.path[1] == "Header":
            self._start_header(local, attributes)
        elif self.path[1] == "DataSet":
            if len(self.path) == 2:
                self._start_dataset(attributes)
            elif self.form == "generic":
                if not space.endswith("/data/generic"):
                    raise self._refuse("an element of the data set has the wrong namespace", f"{space} {local}")
                self._start_generic(local, attributes)
            else:
                self._start_specific(local, attributes)

    def _end(self, tag: str) -> None:
        local = self.path.pop()
        text = "".join(self.text or ()).strip()
        self.text = None
        if self.skipping:
            self.skipping -= 1
        elif not self.path:
            return
        elif self.path[-1] == "Header" and local in _HEADER_TEXTS:
            self.rows.header[_HEADER_TEXTS[local]] = text
        elif "Header" in self.path:
            self._end_header(local, text)
        elif local == "Text" and {"Footer", "ErrorMessage"} & set(self.path):
            self.rows.said.append((*self.error, text))
        elif self.dataset and len(self.path) > 1:
            self._end_data(local, text)

    def _keep_text(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def _check_root(self, space: str, local: str) -> None:
        found = _MESSAGE_SPACE.fullmatch(space)
        if local.lower() == "html":
            raise refuse_web_page(self.file)
        if not found or found[1] not in _VERSIONS:
            raise self._refuse(
                "the XML is no SDMX-ML 2.1 or 3.0 message: its root has another namespace",
                f"{space} {local}".strip(),
                "ask the service for SDMX-ML 2.1 or 3.0, SDMX-JSON or SDMX-CSV.",
            )
        self.version = _VERSIONS[found[1]]
        if local == "Structure":
            raise refuse_structure(self.file)
        if local not in _XML_FORMS and local != "Error":
            raise self._refuse("the SDMX-ML message is no data message", local, "ask the service for data.")
        self.form = _XML_FORMS.get(local, "error")

    def _start_said(self, local: str, attributes: dict[str, str]) -> None:
        if local in ("Message", "ErrorMessage"):
            severity = "Error" if local == "ErrorMessage" else attributes.get("severity", "")
            self.error = (attributes.get("code", ""), severity)
        self.text = [] if local == "Text" else None

    def _start_header(self, local: str, attributes: dict[str, str]) -> None:
        if local in ("Sender", "Receiver") and len(self.path) == 3:
            self.rows.header[local.lower()] = attributes.get("id", "")
        elif local == "Structure" and len(self.path) == 3:
            self.reference = (attributes.get("structureID", ""), attributes.get("dimensionAtObservation", ""), "")
        elif local == "Ref" and self.path[2] == "Structure":
            self.reference = (*self.reference[:2], name_reference(attributes))
        self.text = []

    def _end_header(self, local: str, text: str) -> None:
        if len(self.path) > 2 and self.path[2] == "Structure" and text.startswith("urn:"):
            self.reference = (*self.reference[:2], name_urn(text))
        elif self.path[-1] == "Header" and local == "Structure":
            self.structures[self.reference[0]] = (self.reference[2], self.reference[1])

    def _start_dataset(self, attributes: dict[str, str]) -> None:
        plain = {split_name(name)[1]: text for name, text in attributes.items()}
        known = self.structures.get(plain.get("structureRef", ""))
        if not known and len(self.structures) == 1:
            known = next(iter(self.structures.values()))
        name, self.at_observation = known or ("", "")
        action = plain.get("action") or self.rows.header.get("action", "")
        self.dataset = self.rows.begin(name, action.capitalize(), self.parser.CurrentLineNumber)
        if self.form != "generic":
            for key, text in attributes.items():
                if " " not in key and key not in _SET_ATTRIBUTES:
                    self._give(self.dataset.attributes, key, text, "attribute")
        if self.form == "generic" and not self.rows.known:
            self.rows.required = ()
        elif not self.rows.known and self.at_observation and self.at_observation != "AllDimensions":
            self.rows.required = (self.at_observation,)

    def _give(self, target: dict[str, str], name: str, text: str, role: str) -> None:
        if name not in self.rows.roles:
            self.rows.declare(name, role, self.parser.CurrentLineNumber)
        if target.get(name, text) != text:
            raise self._refuse(f"two values for {name} in one place", f"{target[name]} and {text}")
        target[name] = text

    def _start_generic(self, local: str, attributes: dict[str, str]) -> None:
        parent = self.path[-2]
        if local == "Series":
            self.series, self.before = {}, self.rows.count
        elif local == "Group":
            self.group, self.group_key, self.line = {}, {}, self.parser.CurrentLineNumber
        elif local == "Obs":
            self.observation, self.line = {}, self.parser.CurrentLineNumber
        elif local == "ObsDimension":
            name = attributes.get("id") or self.at_observation or TIME
            self._give(self.observation, name, attributes.get("value", ""), "dimension")
        elif local == "ObsValue":
            self._give(self.observation, attributes.get("id", VALUE), attributes.get("value", ""), "measure")
        elif local == "Value":
            name, text = attributes.get("id", ""), attributes.get("value", "")
            if not name:
                raise self._refuse("a value does not say of which component it is", text)
            if parent == "SeriesKey":
                self._give(self.series, name, text, "dimension")
            elif parent == "ObsKey":
                self._give(self.observation, name, text, "dimension")
            elif parent == "GroupKey":
                self.group_key[name] = text  # declared by the observations, in the order of their keys
            elif parent == "Attributes":
                self._give(self._find_bearer(self.path[-3]), name, text, "attribute")
        elif local not in ("SeriesKey", "ObsKey", "GroupKey", "Attributes", "DataProvider"):
            raise self._refuse("an element of the data set is not known", local)

    def _find_bearer(self, element: str) -> dict[str, str]:
        if element in ("Group", "Atts"):
            return self.group
        if element == "DataSet" and self.dataset:
            return self.dataset.attributes
        return self.series if element == "Series" else self.observation

    def _start_specific(self, local: str, attributes: dict[str, str]) -> None:
        if local in ("Series", "Obs", "Group", "Atts"):
            self.line = self.parser.CurrentLineNumber
            # in a series only the dimension at the observation is left; what else an Obs says are attributes
            role = "series" if local == "Series" else "attribute" if self.path[-2] == "Series" else "unknown"
            target: dict[str, str] = {}
            if local == "Series":
                self.series, self.before = target, self.rows.count
            elif local == "Obs":
                self.observation = target
            else:
                self.group = target
            for name, text in attributes.items():
                if local in ("Group", "Atts"):
                    if " " not in name and name != "type":
                        target[name] = text
                elif " " not in name:
                    at = "dimension" if name in (self.at_observation, TIME) else role
                    self._give(target, name, text, "measure" if name == VALUE else at)
                elif name.endswith(" type") and local == "Obs" and self.at_observation not in ("", "AllDimensions"):
                    # the type of an observation is its dimension's value, where each value is a measure of its own
                    self._give(target, self.at_observation, text.rpartition(":")[2], "dimension")
        elif local == "Comp":
            self.component, self.parts = attributes.get("id", ""), []
        elif local in ("Value", "Text", "StructuredText"):
            language = next((text for name, text in attributes.items() if name.endswith(" lang")), "")
            self.text = [f"{language}:"] if language else []
        elif self.path[-2] != "DataProvider" and local not in ("DataProvider", "Ref", "URN"):
            raise self._refuse("an element of the data set is not known", local)

    def _end_data(self, local: str, text: str) -> None:
        if local == "Obs":
            self._add_observation()
        elif local == "Series":
            if self.rows.count == self.before:
                listed = ", ".join(f"{name}={said}" for name, said in self.series.items())
                self.rows.notices.append(f"the series {listed} has no observation and is left out")
            self.series = {}
        elif local in ("Group", "Atts"):
            self._add_group(local)
        elif local in ("Value", "Text", "StructuredText") and "Comp" in self.path and text:
            self.parts.append(text)
        elif local == "Comp":
            bearer = self.path[-1]
            role = "series" if bearer == "Series" else "attribute"
            if bearer in ("Group", "Atts"):
                self.group[self.component] = ";".join(self.parts)
            else:
                self._give(self._find_bearer(bearer), self.component, ";".join(self.parts), role)

    def _add_observation(self) -> None:
        rows = self.rows
        if self.form == "generic" and not rows.known:
            key = [n for n in (*self.series, *self.observation) if rows.roles[n] == "dimension"]
            if not rows.required:
                rows.required = tuple(key)
            for name in key:
                if name not in rows.required:
                    raise self._refuse(f"{name} is no dimension of the observations before", name)
        rows.add((self.series, self.observation, self.dataset.attributes if self.dataset else {}), self.line)
        self.observation = {}

    def _add_group(self, local: str) -> None:
        place = f"{'group' if local == 'Group' else 'attributes'} on line {self.line}"
        key = self.group_key if self.form == "generic" else None
        if self.dataset:
            self.dataset.groups.append(Group({**(key or {}), **self.group}, key, place))
        self.group, self.group_key = {}, {}
