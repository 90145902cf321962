"""Make the project's environment in .venv from the lock, then run the main job or the tests in it.

    python3 -m flows.bootstrap run [ARGS]      the main job: digitrade run
    python3 -m flows.bootstrap test [ARGS]     linter, type checker and tests
    python3 -m flows.bootstrap test-fast       the same without what is marked slow
    python3 -m flows.bootstrap install         only the environment

Only the standard library is imported here: this file runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
STAMP = VENV / "digitrade.stamp"
INPUTS = (ROOT / "requirements.lock", ROOT / "pyproject.toml")


def fingerprint() -> str:
    """SHA-256 over the interpreter's version, the place of the project, the lock and the project file."""
    digest = hashlib.sha256(f"{sys.version}\n{ROOT}\n".encode())
    for path in INPUTS:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    return STAMP.is_file() and STAMP.read_text(encoding="utf-8") == fingerprint()


def python() -> str:
    return str(BIN / ("python.exe" if os.name == "nt" else "python"))


def install() -> None:
    """Create .venv and install exactly the locked versions, hashes checked and bytecode compiled."""
    print("Making the environment in .venv from requirements.lock (once; about a minute) ...", flush=True)
    venv.EnvBuilder(with_pip=True, clear=True).create(VENV)
    pip = [python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--compile", "--require-hashes", "-r", str(INPUTS[0])], check=True)
    subprocess.run([*pip, "--no-build-isolation", "--editable", str(ROOT)], check=True)
    STAMP.write_text(fingerprint(), encoding="utf-8")


def run(args: list[str]) -> int:
    return subprocess.run([python(), "-m", "flows.cli", "run", *args], cwd=ROOT).returncode


def test(args: list[str]) -> int:
    """Linter, type checker, tests (on all cores, the tests of a file together); the first that fails decides."""
    steps = (
        [python(), "-m", "ruff", "check", "."],
        [python(), "-m", "ruff", "format", "--check", "."],
        [python(), "-m", "mypy"],
        [python(), "-m", "pytest", "--numprocesses", "auto", "--dist", "loadfile", "--no-loadscope-reorder", *args],
    )
    for step in steps:
        print("$", " ".join(step[1:]), flush=True)
        code = subprocess.run(step, cwd=ROOT).returncode
        if code:
            return code
    return 0


def test_fast(args: list[str]) -> int:
    """The same without what is slow (tests/conftest.py): Prefect, whole runs one after the other, publishers' files and
    back-tests, searches; and with fewer examples of each law."""
    return test(["-m", "not slow", *args])


def main(argv: list[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs before anything is installed
        print(f"digitrade needs Python 3.11 or newer; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 2
    jobs = {"run": run, "test": test, "test-fast": test_fast, "install": lambda args: 0}
    if not argv or argv[0] not in jobs:
        print(__doc__)
        return 2
    if not is_current():
        try:
            install()
        except (subprocess.CalledProcessError, OSError) as error:
            print(
                f"The environment could not be made: {error}\n"
                "Is there a network connection to a package index, and is python3-venv installed? "
                "Run the same command again once it is mended; nothing else was changed.",
                file=sys.stderr,
            )
            return 2
    return jobs[argv[0]](argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
