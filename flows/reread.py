"""Whether a trail still leads to what was published: the bytes of the files, and the text of the cells, as of now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flows.store.editions import Edition, check_file, find_layout, find_layouts, read_card
from transforms.errors import InputError

Row = dict[str, Any]
VERIFIED, DIFFERS, NOT_READ = "verified", "differs", "not_read"
# Larger files are hashed, but not read again for the sake of one cell.
MOST_BYTES = 64_000_000


def check_trail(data_dir: Path, cells: list[Row], files: list[Row]) -> bool:
    """Add to every file and cell of a trail the key check: state (verified, differs, not_read) and what was found.

    Returns whether nothing differs. A file is verified when its bytes have the hash that was published; a cell when
    besides its text, or what its layout reads there, is what was printed.
    """
    for file in files:
        file["check"] = _check_file(data_dir, file)
    for key in dict.fromkeys((file["dataset"], file["vintage"], file["file"]) for file in files):
        of_file = [cell for cell in cells if (cell["dataset"], cell["vintage"], cell["file"]) == key]
        state = next(file["check"] for file in files if (file["dataset"], file["vintage"], file["file"]) == key)
        _check_cells(data_dir, of_file, state)
    for cell in cells:
        cell.setdefault("check", {"state": DIFFERS, "found": "the card of the edition does not list the file"})
    return all(row["check"]["state"] != DIFFERS for row in (*cells, *files))


def _check_file(data_dir: Path, file: Row) -> Row:
    folder = data_dir / "raw" / file["dataset"] / file["vintage"]
    entry = {"sha256": file["sha256"], "bytes": file["bytes"]}
    try:
        check_file(folder / file["file"], entry, f"{file['dataset']}/{file['vintage']}/{file['file']}")
    except InputError as problem:
        return {"state": DIFFERS, "found": f"{problem.problem}: {problem.found or problem.place}"}
    return {"state": VERIFIED, "found": ""}


def _check_cells(data_dir: Path, cells: list[Row], file_check: Row) -> None:
    """Read the file of these cells again, once."""
    if not cells:
        return
    if file_check["state"] == DIFFERS:
        for cell in cells:
            cell["check"] = {"state": DIFFERS, "found": "the file is not the one that was read"}
        return
    first = cells[0]
    path = data_dir / "raw" / first["dataset"] / first["vintage"] / first["file"]
    if path.stat().st_size > MOST_BYTES:
        reason = f"the file is larger than {MOST_BYTES // 10**6} MB"
        texts: dict[tuple[str, int, int], str] | None = None
    else:
        texts, reason = _read_texts(path, data_dir, first)
    by_layout: dict[str, str] | None = None
    for cell in cells:
        if texts is None:
            cell["check"] = {"state": NOT_READ, "found": reason}
            continue
        text = texts.get((cell["sheet"], cell["row"], cell["column"]), "")
        cell["text"] = text
        if text == cell["printed"]:
            cell["check"] = {"state": VERIFIED, "found": ""}
            continue
        if by_layout is None:
            by_layout = _read_by_layout(path, data_dir)
        found = by_layout.get(cell["locator"])
        if found == cell["printed"]:  # a rank, say, that a place in the table stands for
            cell["check"] = {"state": VERIFIED, "found": text, "by": "layout"}
        else:
            cell["check"] = {"state": DIFFERS, "found": text if found is None else found}


def _read_texts(path: Path, data_dir: Path, cell: Row) -> tuple[dict[tuple[str, int, int], str] | None, str]:
    """(sheet, row, column) -> text of a file; None and why where it is not read cell by cell."""
    from flows.stages.reading import read_book_of

    try:
        layout = find_layout(find_layouts(cell["dataset"], data_dir), cell["file"])
        if layout is None:
            return None, "the file has no layout any more"
        if layout.bulk:
            return None, "a bulk file, which is not read cell by cell"
        book = read_book_of(path.read_bytes(), cell["file"], layout)
    except InputError as problem:
        return None, str(problem)
    return {
        (grid.sheet, r, c): text
        for grid in book.sheets
        for r, row in enumerate(grid.cells, 1)
        for c, text in enumerate(row, 1)
    }, ""


def _read_by_layout(path: Path, data_dir: Path) -> dict[str, str]:
    """Locator -> printed, as the layout reads the file now; {} where it cannot."""
    from flows.stages.reading import read_table_of

    try:
        edition: Edition = read_card(path.parent)
        table = read_table_of(path, edition, data_dir)
    except InputError:
        return {}
    return dict(zip(table["locator"].to_pylist(), table["printed"].to_pylist(), strict=True))
