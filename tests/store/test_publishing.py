"""A publication is old or new, whole, wherever it is broken off: killed, refused by the disk, or repeated."""

from __future__ import annotations

import json
import os
import signal
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.store import disk, mirror, publishing, releases
from flows.store.disk import write_whole
from flows.store.mirror import find_published, load_pointer
from flows.store.publishing import publish
from flows.store.releases import list_releases, verify_release
from flows.store.workspace import Workspace, open_workspace

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="a child is killed, which needs fork")
OLD = {
    "digitrade.duckdb": "old",
    "observations/a.parquet": "old a",
    "exports/gone.csv": "t",
    "state/results.json": "{}",
}
NEW = {
    "digitrade.duckdb": "new",
    "observations/a.parquet": "new a",
    "checks/c.parquet": "c",
    "state/results.json": "{ }",
}
SEEN = {"seen/results.json": "{}"}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def read(folder: Path) -> dict[str, str]:
    """What a folder publishes: of a release without what only it has, of curated/ without what is beside."""
    beside = ("releases", "runs", "seen", "manifest.json")
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.relative_to(folder).parts[0].startswith((".", *beside))
    }


def publish_files(data_dir: Path, files: dict[str, str], **options: Any) -> dict[str, Any]:
    with open_workspace(data_dir) as workspace:
        write(workspace.staging, files)
        return publish(workspace, **options)


@pytest.fixture(params=["numbered", "flat"])
def data_dir(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder in which OLD is published: as release 1, and as versions before the releases left it."""
    if request.param == "numbered":
        publish_files(tmp_path, OLD | SEEN)
    else:
        write(tmp_path / "curated", OLD | SEEN)
    return tmp_path


# Every call that changes the disk while something is published, where it is called from.
STEPS = [
    (mirror, "move"), (mirror, "keep"), (mirror, "write_whole"), (releases, "keep"), (releases, "sync"),
    (releases, "sync_folders"), (publishing, "move"), (publishing, "forget_seen"), (mirror, "forget_seen"),
    (mirror, "drop_empty"), (disk, "sync"),
]  # fmt: skip


def count_steps(act: Callable[[str], None]) -> None:
    """Have act called, with a name, before and after each of STEPS."""

    def watch(module: Any, name: str) -> None:
        real = getattr(module, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            act(f"before {name}")
            done = real(*args, **kwargs)
            act(f"after {name}")
            return done

        setattr(module, name, call)

    for module, name in STEPS:
        watch(module, name)


def kill_at(number: int, work: Callable[[], Any]) -> bool:
    """Do the work in a child that kills itself at step number; False where it ended before."""
    child = os.fork()
    if not child:
        steps = iter(range(1_000_000))

        def act(name: str) -> None:
            if next(steps) == number:
                os.kill(os.getpid(), signal.SIGKILL)

        code = 1
        try:
            count_steps(act)
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@needs_fork
def test_killed_at_any_step_the_publication_is_old_or_new_and_the_next_one_is_as_if_undisturbed(
    data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = {"old": 0, "new": 0}
    for number in range(1000):
        folder = tmp_path_factory.mktemp("killed") / "data"
        copy_folder(data_dir, folder)
        was_killed = kill_at(number, lambda folder=folder: publish_files(folder, NEW | SEEN))
        seen_by_reader = read(find_published(folder))
        assert seen_by_reader in (OLD, NEW), number
        with open_workspace(folder) as workspace:
            assert read(workspace.curated) == seen_by_reader, number
        found["old" if seen_by_reader == OLD else "new"] += 1
        again = publish_files(folder, NEW | SEEN)
        assert read(folder / "curated") == NEW == read(find_published(folder))
        assert again["state"] == ("published" if seen_by_reader == OLD else "unchanged")
        assert [verify_release(release) for release in list_releases(folder / "curated")] == [[]] * again["release"]
        left = {path.name for path in (folder / "curated").iterdir() if path.name.startswith(".")}
        assert left == {".lock"} and not list((folder / "curated" / "releases").glob(".*"))
        if not was_killed:
            break
    assert found["old"] > 10 and found["new"] > 10


def copy_folder(source: Path, target: Path) -> None:
    """With second names where the source has them, as cp -al, so that a copy has one file where the original has."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            os.link(path, target / path.relative_to(source))


@needs_fork
def test_killed_while_it_mends_what_a_killed_run_left(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The mending is broken off as well, at any step, and in the end there is the new publication."""
    publish_files(tmp_path, OLD)
    broken = next(folder for folder in break_publications(tmp_path, tmp_path_factory) if is_half(folder))
    for number in range(1000):
        folder = tmp_path_factory.mktemp("mended") / "data"
        copy_folder(broken, folder)
        was_killed = kill_at(number, lambda folder=folder: find_published(folder))
        assert read(find_published(folder)) == NEW
        with open_workspace(folder) as workspace:
            assert read(workspace.curated) == NEW
        if not was_killed:
            break
    assert number > 5


def break_publications(data_dir: Path, factory: pytest.TempPathFactory) -> Iterator[Path]:
    for number in range(1000):
        folder = factory.mktemp("broken") / "data"
        copy_folder(data_dir, folder)
        if not kill_at(number, lambda folder=folder: publish_files(folder, NEW)):
            return
        yield folder


def is_half(folder: Path) -> bool:
    return read(folder / "curated") not in (OLD, NEW)


def test_a_reader_while_files_are_moved_sees_the_release_that_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_files(tmp_path, OLD)
    real, seen = mirror.move, []

    def move(source: Path, target: Path) -> None:
        seen.append(read(find_published(tmp_path)))
        real(source, target)
        seen.append(read(find_published(tmp_path)))

    early = find_published(tmp_path)
    monkeypatch.setattr(mirror, "move", move)
    publish_files(tmp_path, NEW)
    assert len(seen) >= 8 and all(found == NEW for found in seen)
    assert read(early) == OLD  # who began before, and opens files one by one, goes on with what belongs together


@pytest.mark.parametrize("failing", ["mark", "pointer"])
def test_a_refusal_while_the_pointer_or_the_mark_is_written_leaves_the_old(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    calls = iter(["mark", "pointer"])

    def refuse(path: Path, text: str) -> None:
        if next(calls, "") == failing:
            raise OSError(28, "No space left on device", str(path))
        write_whole(path, text)

    with monkeypatch.context() as patched:
        patched.setattr(mirror, "write_whole", refuse)
        with pytest.raises(OSError, match="No space left"):
            publish_files(data_dir, NEW)
        assert read(data_dir / "curated") == OLD == read(find_published(data_dir))
    assert publish_files(data_dir, NEW)["state"] == "published"
    assert read(data_dir / "curated") == NEW


def test_what_has_the_same_content_makes_no_release_and_renews_the_states(tmp_path: Path) -> None:
    publish_files(tmp_path, OLD | SEEN)
    told = OLD | {"state/a.json": "{  }", "seen/results.json": "[]", "seen/more.json": "[]"}
    assert publish_files(tmp_path, told) == {"release": 1, "state": "unchanged"}
    assert read(tmp_path / "curated") == {name: text for name, text in told.items() if not name.startswith("seen")}
    assert sorted(path.name for path in (tmp_path / "curated" / "seen").iterdir()) == ["more.json", "results.json"]
    assert len(list_releases(tmp_path / "curated")) == 1 and len(load_pointer(tmp_path / "curated")["history"]) == 1


def test_a_changed_file_is_put_back_in_curated_and_in_the_release(tmp_path: Path) -> None:
    """They are one file under two names, so that who writes into the one spoils the other."""
    publish_files(tmp_path, OLD)
    release = list_releases(tmp_path / "curated")[0]
    (tmp_path / "curated" / "observations" / "a.parquet").write_text("spoiled", encoding="utf-8")
    (tmp_path / "curated" / "exports" / "gone.csv").unlink()
    assert verify_release(release) == [("observations/a.parquet", "changed")]
    assert publish_files(tmp_path, OLD)["state"] == "unchanged"
    assert verify_release(release) == [] and read(tmp_path / "curated") == OLD


def test_a_release_costs_no_space_where_files_have_second_names(tmp_path: Path) -> None:
    publish_files(tmp_path, OLD)
    curated = tmp_path / "curated"
    first = (curated / "releases" / "1" / "exports" / "gone.csv").stat().st_ino
    assert first == (curated / "exports" / "gone.csv").stat().st_ino
    with open_workspace(tmp_path) as workspace:
        write(workspace.staging, NEW)
        workspace.take_over(curated / "exports" / "gone.csv")
        publish(workspace)
    assert (curated / "releases" / "2" / "exports" / "gone.csv").stat().st_ino == first


def test_a_file_system_without_second_names_has_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk.os, "link", lambda *names: (_ for _ in ()).throw(OSError("no links here")))
    publish_files(tmp_path, OLD)
    publish_files(tmp_path, NEW)
    assert read(tmp_path / "curated") == NEW and find_published(tmp_path).name == "2"
    assert [read(release.folder) for release in list_releases(tmp_path / "curated")] == [OLD, NEW]


def test_the_manifest_says_what_each_file_is(tmp_path: Path) -> None:
    publish_files(
        tmp_path,
        OLD,
        told={"inputs": [1]},
        extras=lambda number, content: {"CITATION_en.txt": f"cite {number} {content}"},
    )
    release = list_releases(tmp_path / "curated")[0]
    manifest = json.loads((release.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["release"] == 1 and manifest["inputs"] == [1] and set(manifest["files"]) == set(OLD)
    assert manifest["files"]["digitrade.duckdb"] == "cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4"
    assert list(manifest["extras"]) == ["CITATION_en.txt"] and verify_release(release) == []
    (release.folder / "CITATION_en.txt").write_text("cite me", encoding="utf-8")
    (release.folder / "more").write_text("x", encoding="utf-8")
    assert verify_release(release) == [("CITATION_en.txt", "changed"), ("more", "unknown")]
    assert not (tmp_path / "curated" / "CITATION_en.txt").exists()


def test_another_database_in_the_place_of_the_published_one_is_read(tmp_path: Path) -> None:
    """curated/ is set aside by hand and another database put in its place: that one is read."""
    publish_files(tmp_path, OLD)
    (tmp_path / "curated" / "digitrade.duckdb").unlink()
    write(tmp_path / "curated", {"digitrade.duckdb": "somebody's"})
    assert find_published(tmp_path) == tmp_path / "curated"


def test_a_run_that_has_lost_its_turn_publishes_nothing(tmp_path: Path) -> None:
    from transforms.errors import InputError

    publish_files(tmp_path, OLD)
    with open_workspace(tmp_path) as workspace:
        write(workspace.staging, NEW)
        write(tmp_path / "curated", {".lock-owner": '{"token": "another"}'})
        with pytest.raises(InputError, match="lost its turn"):
            publish(workspace)
    assert read(tmp_path / "curated") == OLD
    assert isinstance(workspace, Workspace) and (tmp_path / "curated" / ".lock-owner").is_file()  # it is not ours


@needs_fork
def test_a_folder_that_may_not_be_written_is_refused_and_can_be_read(tmp_path: Path) -> None:
    """By a user without rights there: with the mark of a killed run left, he takes the release and mends nothing."""
    publish_files(tmp_path / "data", OLD)
    (tmp_path / "data" / "curated" / ".publishing").write_text("1", encoding="utf-8")
    (tmp_path / "data" / "curated" / "digitrade.duckdb").unlink()
    folders = [tmp_path / "data", *(path for path in (tmp_path / "data").rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)
    (tmp_path / "data" / "curated" / ".lock").chmod(0o444)
    tmp_path.chmod(0o755)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    def work() -> None:
        os.chdir(tmp_path)  # what lies above may be closed to him
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        assert read(find_published(Path("data"))) == OLD
        try:
            publish_files(Path("data"), NEW)
        except PermissionError:
            return
        raise AssertionError("it was written")

    try:
        assert kill_at(-1, work) is False  # a child, which nothing kills
    finally:
        for path in folders:
            path.chmod(0o755)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
