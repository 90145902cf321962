"""Structure messages: SDMX-ML is read by sdmx1, after our own check that it is well formed and has no DOCTYPE."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Iterable
from typing import Any

from transforms.errors import InputError
from transforms.sdmx_messages.json_message import load_json
from transforms.sdmx_messages.markup import check_xml
from transforms.sdmx_messages.model import FETCH, TIME, VALUE, Structure, find_kind, name_reference

_Lists = list[tuple[dict[str, str], dict[str, str]]]  # agencyID, id, version of a list, and code -> label


def read_structure(content: bytes, name: str, *, wanted: str = "") -> Structure:
    """The data structure definition of a structure message (SDMX-ML 2.1 or 3.0); wanted names one of several."""
    defined = [s for s in _load_structures(content, name).structure.values() if not s.is_external_reference]
    found = [structure for structure in defined if wanted in ("", structure.id)]
    if len(found) != 1:
        raise InputError(
            "the message has several data structures" if found else "the message has no data structure of that name",
            file=name,
            found=", ".join(structure.id for structure in found) or wanted or None,
            todo="fetch the structure with its data structure definition, and name one of them.",
        )
    # 3.0 lists beside the attributes of the data those of reference metadata, which have no place in a data message
    attributes = [part for part in found[0].attributes if not hasattr(part, "metadata_attribute")]
    return Structure(
        name_reference(_identify(found[0])),
        _list_ids(found[0].dimensions, TIME),
        _list_ids(found[0].measures, VALUE),
        _list_ids(attributes),
    )


def read_codes(content: bytes, name: str, *, language: str = "en") -> dict[str, dict[str, str]]:
    """Code list id -> code -> label, of a structure message in SDMX-ML or SDMX-JSON.

    The label is the name in the language, else the first, else ''. Two lists of one id are named AGENCY:ID(VERSION).
    Raises InputError for data messages, and for a structure that only refers to its code lists: it names them.
    """
    if find_kind(content, name) == "json":
        return _name_lists(_read_json_lists(load_json(content, name), name, language))
    message = _load_structures(content, name)
    lists = [*message.codelist.values(), *getattr(message, "valuelist", {}).values()]
    read = [(_identify(found), _label_codes(found, language)) for found in lists]
    if not any(codes for _, codes in read):
        referred = sorted(name_reference(identity) for identity, _ in read)
        raise InputError(
            "the structure message holds no code list"
            + (f", it only refers to {len(referred)}: {', '.join(referred[:12])}" if referred else ""),
            file=name,
            todo="fetch it with its code lists (references=descendants), or fetch the code lists themselves.",
        )
    return _name_lists([(identity, codes) for identity, codes in read if codes])


def _load_structures(content: bytes, file: str) -> Any:
    """The structure message as sdmx1 reads it; what it is no reader for is refused before it sees it."""
    root = check_xml(content, file)
    if root != "Structure":
        raise InputError("the message is no structure message", file=file, found=root, todo="fetch the structure.")
    # loaded here, since it takes longer than reading most messages
    import sdmx
    import sdmx.reader.xml.v30  # sdmx1 2.28 cannot load it after a message with a namespace of its own
    from sdmx.exceptions import XMLParseError

    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints the element at which it fails
            return sdmx.read_sdmx(io.BytesIO(content), format="XML")
    except (XMLParseError, RuntimeError, AssertionError) as error:
        raise InputError(
            "the structure message cannot be read by sdmx1",
            file=file,
            found=f"{type(error.__cause__ or error).__name__}: {error.__cause__ or error}"[:200],
            todo="ask the service for SDMX-ML 2.1 or 3.0, with the data structure and its code lists only.",
        ) from None


def _identify(artefact: Any) -> dict[str, str]:
    agency = artefact.maintainer.id if artefact.maintainer else ""
    return {"agencyID": agency, "id": artefact.id, "version": str(artefact.version or "")}


def _label_codes(found: Any, language: str) -> dict[str, str]:
    codes = found.items if isinstance(found.items, list) else found.items.values()  # a value list has no mapping
    return {code.id: _choose_name(code, language) for code in codes}


def _list_ids(components: Iterable[Any], default: str = "") -> tuple[str, ...]:
    return tuple(component.id or default for component in components)


def _choose_name(code: Any, language: str) -> str:
    names = {of: " ".join(text.split()) for of, text in code.name.localizations.items()}
    return names.get(language) or next(iter(names.values()), "")


def _name_lists(read: _Lists) -> dict[str, dict[str, str]]:
    times = Counter(identity["id"] for identity, _ in read)
    return {(name_reference(of) if times[of["id"]] > 1 else of["id"]): codes for of, codes in read}


def _read_json_lists(raw: dict[str, Any], file: str, language: str) -> _Lists:
    try:
        read: _Lists = []
        for found in (raw.get("data") or {}).get("codelists") or []:
            codes = {
                code["id"]: (code.get("names") or {}).get(language) or code.get("name") or ""
                for code in found.get("codes") or []
            }
            if codes:
                read.append(({part: found.get(part) or "" for part in ("agencyID", "id", "version")}, codes))
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(
            "the JSON has not the form of a structure message", file=file, found=repr(error), todo=FETCH
        ) from None
    if not read:
        raise InputError(
            "the message holds no code list", file=file, todo="fetch it with its code lists (references=descendants)."
        )
    return read
