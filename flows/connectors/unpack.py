"""Archives of publishers: members are judged before anything is written, and the writing itself is capped."""

from __future__ import annotations

import errno
import gzip
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import IO, Any

from flows.connectors.download import clean_name
from flows.connectors.source import MEGABYTE, Limits
from transforms.errors import InputError

ARCHIVES = ("zip", "7z", "gzip")
_SMALL = 10 * MEGABYTE  # up to here a high ratio is no bomb: a table of zeros packs a thousandfold
_CHUNK = 1 << 20
_TAKE_WHOLE = "take the archive again; if it stays so, take the table itself from the publisher's page with --from."


@dataclass(frozen=True)
class Member:
    """A file of an archive: its name there, the name it gets, and the size its header claims."""

    inside: str
    name: str
    size: int


def unpack_archive(
    path: Path, content: str, folder: Path, *, limits: Limits, members: tuple[str, ...] = (), shown: str = ""
) -> list[Path]:
    """The files of an archive that match one of the patterns (all, without patterns), written flat into folder.

    Raises InputError for an archive that is damaged, encrypted, too large unpacked, or holds a member that is a link,
    a device or has a path out of the archive, whether or not that member is wanted.
    """
    shown = shown or path.name
    cap = min(limits.unpacked_bytes, max(_SMALL, limits.ratio * path.stat().st_size))
    budget = _Budget(cap, shown)
    with _explaining(shown):
        if content == "gzip":
            return [_unpack_gzip(path, folder, budget, shown)]
        unpack = _unpack_zip if content == "zip" else _unpack_7z
        return unpack(path, folder, budget, limits, members, shown)


class _Budget:
    """Counts the bytes really written, whatever the headers say."""

    def __init__(self, cap: int, shown: str) -> None:
        self.cap, self.left, self.shown = cap, cap, shown

    def check(self, claimed: int) -> None:
        if claimed > self.cap:
            raise self._bomb(f"{claimed:,} bytes")

    def write(self, file: IO[bytes], chunk: bytes) -> None:
        self.left -= len(chunk)
        if self.left < 0:
            raise self._bomb(f"more than {self.cap:,} bytes")
        file.write(chunk)

    def _bomb(self, found: str) -> InputError:
        return InputError(
            f"the archive unpacks to more than {self.cap:,} bytes",
            file=self.shown,
            found=found,
            todo="if that is right, raise limits.unpacked_mb or limits.ratio of the source.",
        )


@contextmanager
def _explaining(shown: str) -> Iterator[None]:
    """What the libraries say of a damaged archive, as one InputError."""
    try:
        yield
    except (InputError, KeyboardInterrupt):
        raise
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # a forged offset is an invalid place to go to
            raise  # the disk, not the archive
        problem = error.strerror or error  # not str(): that would show the name the file has on our desk
        raise InputError(f"the archive is damaged: {problem}", file=shown, todo=_TAKE_WHOLE) from None
    except EOFError:
        raise InputError("the archive is cut off", file=shown, todo=_TAKE_WHOLE) from None
    except NotImplementedError as error:
        raise InputError(
            f"the archive is packed in a way that is not read here: {error}",
            file=shown,
            todo="unpack it by hand, and give the files with --from.",
        ) from None
    except (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError) as error:
        text = " ".join(str(error).split())
        cut = "cut off" if "not a zip file" in text else f"damaged: {text}"
        raise InputError(f"the archive is {cut}", file=shown, todo=_TAKE_WHOLE) from None


def _unpack_gzip(path: Path, folder: Path, budget: _Budget, shown: str) -> Path:
    target = folder / (clean_name(re.sub(r"\.gz(ip)?$", "", shown, flags=re.IGNORECASE)) or "data")
    if target.exists():
        target = folder / f"{target.name}.unpacked"
    with gzip.open(path) as source:
        _write(source.read, target, budget)
    return target


def _unpack_zip(
    path: Path, folder: Path, budget: _Budget, limits: Limits, patterns: tuple[str, ...], shown: str
) -> list[Path]:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        for info in infos:
            if info.flag_bits & 1:
                raise _refuse_encrypted(shown, info.filename)
            mode = info.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _refuse(shown, "a member of the archive is a link or a device", info.filename)
        # orig_filename: the library cuts names at a zero byte, which would hide what follows it
        listed = [(info.orig_filename, info.file_size, info.filename.endswith("/")) for info in infos]
        wanted = choose_members(listed, limits, patterns, shown)
        budget.check(sum(info.file_size for info in infos))
        written = []
        for member in wanted:
            info = next(info for info in infos if info.orig_filename == member.inside)
            with archive.open(info) as source:
                _write(source.read, folder / member.name, budget)
            written.append(folder / member.name)
    return written


def _unpack_7z(
    path: Path, folder: Path, budget: _Budget, limits: Limits, patterns: tuple[str, ...], shown: str
) -> list[Path]:
    import lzma

    import py7zr
    from py7zr.exceptions import AbsolutePathError, ArchiveError, CrcError, PasswordRequired

    try:
        # a file object, not a path: with a path py7zr unpacks in threads, where an error of ours would be lost
        with path.open("rb") as file, py7zr.SevenZipFile(file) as archive:
            if archive.needs_password():
                raise _refuse_encrypted(shown)
            infos = list(archive.files)
            for info in infos:
                if info.is_symlink or info.is_junction or info.is_socket:
                    raise _refuse(shown, "a member of the archive is a link or a device", info.filename)
            listed = [(info.filename, int(info.uncompressed or 0), bool(info.is_directory)) for info in infos]
            wanted = choose_members(listed, limits, patterns, shown)
            budget.check(sum(size for _, size, _ in listed))
            factory = _make_factory({member.inside: folder / member.name for member in wanted}, budget)
            try:
                archive.extract(targets=[member.inside for member in wanted], factory=factory)
            finally:
                factory.close()
    except PasswordRequired:
        raise _refuse_encrypted(shown) from None
    except CrcError as error:
        raise InputError(
            "the archive is damaged or cut off: a checksum differs",
            file=shown, found=str(error.filename), todo=_TAKE_WHOLE,
        ) from None  # fmt: skip
    except AbsolutePathError as error:
        raise _refuse(shown, "a member of the archive has a path that leads out of it", str(error)) from None
    except (ArchiveError, lzma.LZMAError, TypeError, IndexError, KeyError, AttributeError) as error:
        # the last four: what py7zr meets in a header that is cut off or forged
        text = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"the archive is damaged or cut off: {text}", file=shown, todo=_TAKE_WHOLE) from None
    for member in wanted:
        found = (folder / member.name).stat().st_size if (folder / member.name).exists() else 0
        if found != member.size:
            raise InputError(
                f"the archive is damaged: {member.inside} should unpack to {member.size:,} bytes",
                file=shown, found=f"{found:,} bytes", todo=_TAKE_WHOLE,
            )  # fmt: skip
    return [folder / member.name for member in wanted]


def _make_factory(targets: dict[str, Path], budget: _Budget) -> Any:
    """What py7zr writes to: files of our choosing, counted by our budget."""
    from py7zr.io import Py7zIO, WriterFactory

    class Writer(Py7zIO):
        def __init__(self, path: Path) -> None:
            self.file = path.open("wb")
            self.count = 0

        def write(self, s: bytes | bytearray) -> int:
            budget.write(self.file, bytes(s))
            self.count += len(s)
            return len(s)

        def read(self, size: int | None = None) -> bytes:
            return b""

        def seek(self, offset: int, whence: int = 0) -> int:
            return offset

        def flush(self) -> None:
            self.file.flush()

        def size(self) -> int:
            return self.count

    class Factory(WriterFactory):
        def __init__(self) -> None:
            self.writers: list[Writer] = []
            self.names = {str(PurePosixPath(inside)): path for inside, path in targets.items()}

        def create(self, filename: str) -> Py7zIO:
            path = self.names.get(str(PurePosixPath(filename)))
            if path is None:
                raise InputError("the archive writes a file it does not list", file=budget.shown, found=filename)
            self.writers.append(Writer(path))
            return self.writers[-1]

        def close(self) -> None:
            for writer in self.writers:
                writer.file.flush()
                os.fsync(writer.file.fileno())
                writer.file.close()

    return Factory()


def choose_members(
    listed: list[tuple[str, int, bool]], limits: Limits, patterns: tuple[str, ...], shown: str
) -> list[Member]:
    """The members to take out of (name, size, is a folder). Every name is judged, wanted or not; InputError."""
    if len(listed) > limits.members:
        raise InputError(
            f"the archive has more than {limits.members} members",
            file=shown,
            found=f"{len(listed)}",
            todo="if that is right, raise limits.members of the source.",
        )
    chosen: dict[str, Member] = {}
    for inside, size, is_folder in listed:
        _check_path(inside, shown)
        parts = PurePosixPath(inside.replace("\\", "/")).parts
        if is_folder or not parts or parts[0] == "__MACOSX" or parts[-1].startswith("."):
            continue
        if patterns and not any(fnmatch(parts[-1].lower(), pattern.lower()) for pattern in patterns):
            continue
        name = clean_name(parts[-1])
        if not name or name.lower() == "card.toml":
            raise _refuse(shown, "a member of the archive has a name that a data file cannot have", inside)
        if name.lower() in chosen:
            raise _refuse(shown, "two members of the archive have the same name", inside)
        chosen[name.lower()] = Member(inside, name, size)
    if not chosen:
        names = ", ".join(name for name, _, is_folder in listed if not is_folder) or "nothing"
        wanted = f" that matches {', '.join(patterns)}" if patterns else ""
        raise InputError(
            f"the archive holds no file{wanted}",
            file=shown,
            found=names[:200],
            todo="the publisher has renamed its files: correct members of the source, or unpack it and use --from.",
        )
    return list(chosen.values())


def _check_path(inside: str, shown: str) -> None:
    path = inside.replace("\\", "/")
    if "\x00" in path or path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in path.split("/"):
        raise _refuse(shown, "a member of the archive has a path that leads out of it", inside)


def _refuse_encrypted(shown: str, member: str | None = None) -> InputError:
    return InputError(
        "the archive is encrypted",
        file=shown,
        found=member,
        todo="unpack it with its password, and give the files with --from.",
    )


def _refuse(shown: str, problem: str, found: str) -> InputError:
    return InputError(
        problem, file=shown, found=found, todo="do not unpack it; take the table itself from the publisher's page."
    )


def _write(read: Callable[[int], bytes], target: Path, budget: _Budget) -> None:
    with target.open("wb") as file:
        while chunk := read(_CHUNK):
            budget.write(file, chunk)
        file.flush()
        os.fsync(file.fileno())
