"""What goes wrong though no input is at fault: a fault of the software, which blocks one edition, and a disk that is
full or may not be written to, which stops the run."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from transforms.errors import InputError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_LARGE = (errno.EFBIG,)
_LOCKED = (errno.EACCES, errno.EPERM, errno.EROFS)
# How DuckDB and Arrow, whose errors carry no number, say the same.
_FULL_WORDS = ("no space left", "disk quota exceeded", "disk is full", "could not write all bytes")
_LARGE_WORDS = ("file too large",)
_LOCKED_WORDS = ("permission denied", "operation not permitted", "read-only file system")
_MOST_TEXT = 300


def explain_trouble(error: BaseException, folder: Path) -> str:
    """What to do about a disk that is full or may not be written to, in one sentence; '' for any other error."""
    if _says(error, _FULL, _FULL_WORDS):
        return f"the disk is full; make room where {folder} lies, then run again; what was published stands whole."
    if _says(error, _LARGE, _LARGE_WORDS):
        return (
            f"the disk takes no larger file where {folder} lies (a limit of the system, or of a disk formatted for "
            "small files); lift it, or choose another --data-dir; what was published stands whole."
        )
    if _says(error, _LOCKED, _LOCKED_WORDS):
        where = getattr(error, "filename", None) or folder
        return f"may not write {where}; mend the rights, or choose a data folder you may write to with --data-dir."
    return ""


def _says(error: BaseException, numbers: tuple[int, ...], words: tuple[str, ...]) -> bool:
    if isinstance(error, OSError) and error.errno in numbers:
        return True
    text = str(error).lower()
    return not isinstance(error, InputError) and any(word in text for word in words)


@contextmanager
def say_fault(where: str, raw: Path | None = None) -> Iterator[None]:
    """Whatever nobody foresaw becomes an InputError that says where, and that the software is to be mended.

    Left as they are: InputError, Ctrl-C, and a disk that refuses, which is no fault of an edition - unless it refuses
    to read what lies in raw, the edition's own folder. DIGITRADE_DEBUG=1 leaves everything as it is, for the traceback.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if os.environ.get("DIGITRADE_DEBUG"):
            raise
        if raw and isinstance(error, OSError) and raw in [(path := Path(str(error.filename))), *path.parents]:
            problem = f"the file cannot be read: {error.strerror}"
            raise InputError(problem, file=str(path.relative_to(raw.parents[1])), todo="mend its rights.") from error
        if _is_left(error):
            raise
        text = " ".join(str(error).split())[:_MOST_TEXT]
        raise InputError(
            f"the software failed on this: {type(error).__name__}{f': {text}' if text else ''}",
            file=where,
            todo="report it, this is a fault of the software; DIGITRADE_DEBUG=1 digitrade run shows where it happened.",
        ) from error


def _is_left(error: Exception) -> bool:
    if isinstance(error, OSError | duckdb.Error):
        is_stopped = "Query interrupted" in str(error)  # how DuckDB reports Ctrl-C
        return is_stopped or bool(explain_trouble(error, Path()))
    return False
