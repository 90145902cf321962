"""Compressed files of a publisher: the one data member of a gzip, zip or 7z file, unpacked by streaming."""

from __future__ import annotations

import gzip
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast

from transforms.errors import InputError

DATA_SUFFIXES: Final = (".csv", ".tsv", ".txt", ".tab", ".parquet")
LARGEST_MEMBER: Final = 64 * 2**30  # bytes; more than any publisher's file: a larger one is a mistake or a bomb
_CHUNK: Final = 4 * 2**20
_AGAIN: Final = "fetch it again from the publisher and compare its size with the card."


@dataclass(frozen=True)
class Unpacked:
    """A plain data file, and the member of the archive that it was ('' for a file that is no archive of several)."""

    path: Path
    member: str = ""


def find_kind(path: Path) -> str:
    """gzip, zip, 7z or '' by the first bytes of the file, whatever its name says."""
    with path.open("rb") as stream:
        head = stream.read(6)
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    return "7z" if head == b"7z\xbc\xaf\x27\x1c" else ""


def unpack_file(path: Path, scratch: Path, *, most: int = LARGEST_MEMBER) -> Unpacked:
    """The data file itself, or the one data member of an archive unpacked below scratch.

    Raises InputError for an archive that is truncated, locked with a password, larger than `most` bytes unpacked, or
    that holds no data file or several (they are listed).
    """
    match find_kind(path):
        case "gzip":
            return Unpacked(_unpack_gzip(path, scratch, most))
        case "zip":
            return _unpack_zip(path, scratch, most)
        case "7z":
            return _unpack_7z(path, scratch, most)
    return Unpacked(path)


def list_members(path: Path) -> list[str]:
    """The names of the files in a zip or 7z archive; none for other files, and for an archive that cannot be read."""
    kind = find_kind(path)
    try:
        if kind == "zip":
            with zipfile.ZipFile(path) as archive:
                return [info.filename for info in archive.infolist() if not info.is_dir()]
        if kind == "7z":
            import py7zr

            with py7zr.SevenZipFile(path) as packed:
                return [entry.filename for entry in packed.list() if not entry.is_directory]
    except Exception:  # what is wrong with it, unpack_file says
        return []
    return []


def plain_name(name: str) -> str:
    """A file's name without the ending of its compression: batis.csv.gz -> batis.csv, batis.zip -> batis."""
    for suffix in (".gz", ".zip", ".7z"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def _unpack_gzip(path: Path, scratch: Path, most: int) -> Path:
    target = scratch / (plain_name(path.name) if path.name.lower().endswith(".gz") else f"{path.name}.csv")
    try:
        with gzip.open(path, "rb") as stream:
            _copy(cast(IO[bytes], stream), target, path.name, most)
    except (OSError, EOFError, zlib.error) as error:
        raise _broken(path.name, error) from None
    return target


def _unpack_zip(path: Path, scratch: Path, most: int) -> Unpacked:
    try:
        with zipfile.ZipFile(path) as archive:
            member = _choose([info.filename for info in archive.infolist() if not info.is_dir()], path.name)
            info = archive.getinfo(member)
            if info.flag_bits & 1:
                raise _locked(path.name)
            _refuse_size(info.file_size, path.name, most)
            target = scratch / f"member{PurePosixPath(member).suffix.lower()}"
            with archive.open(info) as stream:
                _copy(stream, target, path.name, most)
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError) as error:
        raise _broken(path.name, error) from None
    return Unpacked(target, member)


def _unpack_7z(path: Path, scratch: Path, most: int) -> Unpacked:
    import py7zr
    from py7zr.exceptions import ArchiveError, PasswordRequired

    folder = scratch / "member"
    try:
        with py7zr.SevenZipFile(path) as archive:
            if archive.needs_password():
                raise _locked(path.name)
            entries = {entry.filename: entry for entry in archive.list() if not entry.is_directory}
            member = _choose(list(entries), path.name)
            _refuse_size(entries[member].uncompressed, path.name, most)
            folder.mkdir()
            archive.extract(path=folder, targets=[member])
    except PasswordRequired:
        raise _locked(path.name) from None
    except (ArchiveError, OSError, EOFError, ValueError, zlib.error) as error:
        raise _broken(path.name, error) from None
    except Exception as error:  # the decoders below py7zr have errors of their own, without a common class
        if isinstance(error, InputError) or not type(error).__module__.startswith(("py7zr", "_lzma", "lzma")):
            raise
        raise _broken(path.name, error) from None
    unpacked = folder.joinpath(*PurePosixPath(member).parts)
    if not unpacked.is_file():
        raise _broken(path.name, EOFError(f"{member} did not come out"))
    return Unpacked(unpacked, member)


def _choose(members: Sequence[str], name: str) -> str:
    """The one data member; a path that climbs out of the archive is refused."""
    data = [member for member in members if PurePosixPath(member).suffix.lower() in DATA_SUFFIXES]
    if len(data) != 1:
        raise InputError(
            "the archive holds several data files" if data else "the archive holds no data file",
            file=name,
            found=", ".join(data or members) or "nothing",
            todo="unpack it and hand over the one file that is meant"
            + ("." if data else f" (one of {', '.join(DATA_SUFFIXES)})."),
        )
    parts = PurePosixPath(data[0].replace("\\", "/")).parts
    if ".." in parts or data[0].startswith(("/", "\\")) or ":" in parts[0]:
        raise InputError("the archive names a place outside of itself", file=name, found=data[0], todo=_AGAIN)
    return data[0]


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(_CHUNK):
        yield piece


def _copy(stream: IO[bytes], target: Path, name: str, most: int) -> None:
    """Chunk by chunk, never more than `most` bytes: what an archive says of its size is not believed."""
    written = 0
    with target.open("wb") as out:
        for piece in _pieces(stream):
            written += len(piece)
            _refuse_size(written, name, most)
            if shutil.disk_usage(target.parent).free < 2 * len(piece):
                raise InputError("the disk is full", file=name, todo=f"make room below {target.parent}.")
            out.write(piece)


def _refuse_size(size: int, name: str, most: int) -> None:
    if size > most:
        raise InputError(
            "the archive holds more than any table of statistics does",
            file=name,
            found=f"more than {most} bytes",
            todo="look whether it is the publisher's file; if it is, unpack it by hand.",
        )


def _broken(name: str, error: Exception) -> InputError:
    return InputError(f"the archive cannot be unpacked ({error})", file=name, todo=_AGAIN)


def _locked(name: str) -> InputError:
    return InputError(
        "the archive is locked with a password", file=name, todo="unpack it and hand over the plain file."
    )
