"""Drafts as files: text in several encodings, Markdown, Word documents made here, and files that must be refused."""

from __future__ import annotations

import io
import time
import zipfile

import pytest

from transforms.errors import InputError
from transforms.prose import find_figures, read_draft
from transforms.prose import readers as readers_module

TEXT = "2021年，广州服务贸易出口50亿美元。\n同比增长12%。\n\nIn 2021, exports rose 5%.\n"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def make_docx(body: str, notes: str = "", *, document: str = "word/document.xml", head: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(document, f'{head}<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>')
        if notes:
            archive.writestr("word/footnotes.xml", f'<w:footnotes xmlns:w="{W}">{notes}</w:footnotes>')
    return buffer.getvalue()


def p(*runs: str) -> str:
    return f"<w:p>{''.join(f'<w:r><w:t>{run}</w:t></w:r>' for run in runs)}</w:p>"


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("gb18030", "GB 18030"), ("utf-16", "UTF-16")],
)
def test_text_is_read_in_the_encodings_of_its_writers(encoding: str, said: str) -> None:
    draft = read_draft(TEXT.encode(encoding), "d.txt")
    assert draft.encoding == said
    assert [(one.number, one.line) for one in draft.paragraphs] == [(1, 1), (2, 4)]
    assert draft.paragraphs[0].text == "2021年，广州服务贸易出口50亿美元。同比增长12%。"


def test_a_figure_of_a_text_file_has_its_line() -> None:
    found = find_figures(read_draft(TEXT.encode(), "d.txt"))
    assert [(one.amount.printed, one.sentence.paragraph, one.sentence.line, one.sentence.number) for one in found] == [
        ("50亿美元", 1, 1, 1), ("12%", 1, 2, 2), ("5%", 2, 4, 1)]  # fmt: skip


def test_marks_of_markdown_are_no_words() -> None:
    text = "# 一、规模\n- **2021年**，[广州](http://x.y/2020)服务贸易`出口`50亿美元<sup>①</sup>。\n\n|年|出口|\n|--|--:|\n|2021年|5亿元|\n"
    draft = read_draft(text.encode(), "d.md")
    assert [one.text for one in draft.paragraphs] == [
        "一、规模", "2021年，广州服务贸易出口50亿美元。", "年；出口", "2021年；5亿元"]  # fmt: skip
    level, cell = find_figures(draft)
    assert level.statement is not None and cell.why == "no_geo"


def test_a_word_document_gives_its_paragraphs_cells_and_notes() -> None:
    deleted = (
        "<w:p><w:r><w:t>2021年，广州服务贸易出口</w:t></w:r><w:del><w:r><w:delText>70</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>50</w:t></w:r></w:ins><w:r><w:t>亿美元。</w:t></w:r></w:p>"
    )
    table = f"<w:tbl><w:tr><w:tc>{p('2020年')}</w:tc><w:tc>{p('40', '亿美元')}</w:tc></w:tr></w:tbl>"
    field = "<w:p><w:r><w:instrText>PAGE 12%</w:instrText></w:r></w:p>"
    draft = read_draft(make_docx(deleted + table + field, p("广州2020年服务贸易出口30亿美元。")), "d.docx")
    assert [one.text for one in draft.paragraphs] == [
        "2021年，广州服务贸易出口50亿美元。", "2020年", "40亿美元", "广州2020年服务贸易出口30亿美元。"]  # fmt: skip
    assert [one.statement is not None for one in find_figures(draft)] == [True, False, True]


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("d.txt", b"", "the file is empty"),
        ("d.md", b" \n\n", "the file is empty"),
        ("d.md", b"---\n", "the file holds no text"),
        ("d.txt", bytes(range(256)) * 4, "the file is no text"),
        ("d.pdf", b"%PDF-1.7", "no draft"),
        ("d.docx", b"no zip at all", "the document cannot be read"),
        ("d.docx", make_docx(p("x"))[:-30], "the document cannot be read"),
        ("d.docx", make_docx("<w:p>"), "the document cannot be read"),
        ("d.docx", make_docx(p("x"), document="xl/workbook.xml"), "no Word document"),
        ("d.docx", make_docx(p("&b;"), head=BOMB), "the document defines entities"),
        ("d.docx", make_docx(""), "the file holds no text"),
        ("d.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "locked with a password, or a .doc file"),
    ],
)
def test_a_file_that_is_no_draft_is_refused_in_one_line(name: str, content: bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_draft(content, name)
    assert said in str(caught.value) and name in str(caught.value) and "\n" not in str(caught.value)
    assert caught.value.todo


def test_a_member_locked_with_a_password_is_refused() -> None:
    content = bytearray(make_docx(p("x")))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag of both headers
        content[content.index(mark) + place] |= 1
    with pytest.raises(InputError, match="locked with a password"):
        read_draft(bytes(content), "d.docx")


def test_what_an_archive_says_of_its_size_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers_module, "LARGEST", 10_000)
    with pytest.raises(InputError, match="larger than any report"):
        read_draft(make_docx(p("x" * 50_000)), "d.docx")
    with pytest.raises(InputError, match="larger than any report"):
        read_draft(b"x" * 20_000, "d.txt")


@pytest.mark.parametrize("text", ["分别1%、" * 6000, "、" * 30_000, "一" * 30_000, "U.S. " * 6000, "in" + " " * 30_000])
def test_text_without_end_is_read_in_time_that_grows_with_its_length(text: str) -> None:
    """In squares of its length each of these would take minutes."""
    begin = time.perf_counter()
    find_figures(read_draft(f"x{text}".encode(), "d.txt"))
    assert time.perf_counter() - begin < 20
