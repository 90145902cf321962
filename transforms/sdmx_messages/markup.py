"""XML that is well formed, of bounded depth and without a document type; nothing of SDMX."""

from __future__ import annotations

from xml.parsers import expat

from transforms.errors import InputError
from transforms.sdmx_messages.model import FETCH

MOST_DEPTH = 64  # no SDMX message nests deeper than a dozen elements


def make_parser(file: str) -> expat.XMLParserType:
    """An XML parser that knows no document types and so no entities of the message's own, inner or outer."""

    def refuse_doctype(doctype: str, *_: object) -> None:
        if doctype.lower() == "html":
            raise refuse_web_page(file)
        raise InputError(
            "the XML declares a document type (DOCTYPE); SDMX messages have none and it is not followed",
            file=file,
            row=parser.CurrentLineNumber,
            found=doctype,
            todo="fetch the message from the publisher's own service.",
        )

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.buffer_text = True
    return parser


def refuse_web_page(file: str) -> InputError:
    return InputError(
        "the file is a web page (HTML) and no SDMX message; services answer so when they fail",
        file=file,
        todo="open it in a browser to see what the service says, and fetch again.",
    )


def parse(parser: expat.XMLParserType, content: bytes, file: str) -> None:
    view = memoryview(content)
    try:
        for start in range(0, len(view), 2**20):
            parser.Parse(view[start : start + 2**20], False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise InputError(
            f"the XML is broken or cut off ({expat.errors.messages.get(error.code, 'unreadable')})",
            file=file,
            row=error.lineno,
            todo="fetch it again and compare its size with what the server announced.",
        ) from None
    except (LookupError, ValueError) as error:  # an encoding that the parser does not know
        raise InputError(f"the XML cannot be read: {error}", file=file, todo=FETCH) from None


def split_name(tag: str) -> tuple[str, str]:
    space, _, local = tag.rpartition(" ")
    return space, local


def check_xml(content: bytes, file: str) -> str:
    """The local name of the root of an XML that can be given to another reader. Refused: what cannot be parsed, a
    document type (it may hold entities), a web page, too many levels."""
    parser = make_parser(file)
    path: list[str] = []
    root = ""

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal root
        path.append(tag)
        root = root or split_name(tag)[1]
        check_depth(len(path), file, parser.CurrentLineNumber)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: path.pop()
    parse(parser, content, file)
    if root.lower() == "html":
        raise refuse_web_page(file)
    return root


def check_depth(depth: int, file: str, line: int) -> None:
    if depth > MOST_DEPTH:
        raise InputError(f"the XML nests deeper than {MOST_DEPTH} elements", file=file, row=line, todo=FETCH)
