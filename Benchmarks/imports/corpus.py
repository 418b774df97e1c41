"""The files that `check` and `run` work on: standard libraries and popular wheels."""

import os
import subprocess
import sys
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "kilt-benchmarks", "imports")
PROGRAM = os.path.join(HERE, "../../.build-imports/release/imports-benchmark")


def wheels(cache):
    """The name and the folder of each popular wheel, with its Python files: pip downloads what is not there."""
    with open(os.path.join(HERE, "popular-wheels.txt")) as file:
        names = file.read().split()
    folder = os.path.join(cache, "wheels")
    os.makedirs(folder, exist_ok=True)
    have = {file.split("-")[0].lower().replace("_", "-").replace(".", "-") for file in os.listdir(folder)}
    missing = [name for name in names if name not in have]
    if missing:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder]
            + missing, check=True)
    for file in sorted(os.listdir(folder)):
        unpacked = os.path.join(cache, "unpacked", file)
        if not os.path.isdir(unpacked):
            with zipfile.ZipFile(os.path.join(folder, file)) as archive:
                members = [name for name in archive.namelist() if name.endswith((".py", ".pyi"))]
                archive.extractall(unpacked + ".part", members)
            os.makedirs(unpacked + ".part", exist_ok=True)
            os.rename(unpacked + ".part", unpacked)
        yield file.split("-")[0], unpacked


def program(given):
    """The scanner's program; ends with what to do where it is not there."""
    if not os.path.exists(given):
        sys.exit(
            f"{given} is not there:\n"
            "  KILT_TOOL=imports-benchmark swift build -c release --scratch-path .build-imports")
    return given
