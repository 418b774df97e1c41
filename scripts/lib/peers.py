"""The programs that benchmarks and comparisons start: Kilt, and Pants 2.17.1, within limits of memory and time."""

import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Problem(Exception):
    """What stops the comparison: told without a traceback."""


def find_kilt(given):
    names = [given] if given else [
        os.path.join(HERE, ".build-release/release/kilt"), os.path.join(HERE, ".build/release/kilt"),
        os.path.join(HERE, ".build/debug/kilt"), shutil.which("kilt")]
    for name in names:
        if name and os.access(name, os.X_OK):
            return os.path.abspath(name)
    raise Problem("no kilt was found: swift build -c release, or --kilt PATH")


def find_pants(given):
    """The pants program; makes the virtual environment when there is none."""
    given = given or os.environ.get("PANTS_2_17")
    if given:
        return os.path.abspath(given)
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    venv = os.path.join(cache, "kilt-compare", "pants-2.17.1")
    program = os.path.join(venv, "bin", "pants")
    if not os.path.exists(program):
        versions = os.path.expanduser("~/.pyenv/versions")
        candidates = [shutil.which("python3.9")]
        if os.path.isdir(versions):
            candidates += [os.path.join(versions, v, "bin/python3.9") for v in os.listdir(versions) if v.startswith("3.9")]
        python = next((path for path in candidates if path and os.access(path, os.X_OK)), None)
        if not python:
            raise Problem("Pants 2.17.1 needs a Python 3.9, and none was found; --pants PATH names a pants")
        note(f"installing Pants 2.17.1 into {venv}")
        subprocess.run([python, "-m", "venv", venv], check=True)
        subprocess.run([f"{venv}/bin/pip", "install", "-q", "pantsbuild.pants==2.17.1"], check=True)
    return program


def pex_for_pants(pants, scratch):
    """Settings for Pants with which it takes pex from a file instead of fetching it: the pex of its own environment makes
    that, from the package index that pip is set to."""
    version = "2.1.137"
    path = os.path.join(scratch, f"pex-v{version}")
    environment = dict(os.environ, PEX_ROOT=os.path.join(scratch, "pex"))
    subprocess.run(
        [os.path.join(os.path.dirname(pants), "pex"), *index_options(), f"pex=={version}", "-c", "pex", "-o", path],
        check=True, env=environment)
    with open(path, "rb") as file:
        content = file.read()
    digest = hashlib.sha256(content).hexdigest()
    known = [f"v{version}|{platform}|{digest}|{len(content)}" for platform in ("linux_x86_64", "linux_arm64")]
    return (f'[pex-cli]\nversion = "v{version}"\nknown_versions = {json.dumps(known)}\n'
            f'url_template = "file://{scratch}/pex-{{version}}"\n')


def index_options():
    """Of pip's settings those that say where packages come from, as options of pex, which has settings of its own."""
    names = {"index-url": "--index-url", "extra-index-url": "--extra-index-url", "find-links": "--find-links"}
    options = []
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    for name, option in names.items():
        # Of several settings of the same name the last holds, as it does for pip.
        values = re.findall(rf"^(?:global|install|:env:)\.{name}='(.*)'$", listed, re.MULTILINE)
        if values:
            options += [f"{option}={value}" for value in values[-1].replace("\\n", " ").split()]
    return options


def note(text):
    print(text, file=sys.stderr, flush=True)


def gigabytes_of_machine():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


class Tool:
    """One of the programs: runs a query, keeps its answer and its times."""

    def __init__(self, name, prefix, directory, timeout, environment=None):
        self.name, self.prefix, self.directory, self.timeout = name, prefix, directory, timeout
        self.environment = dict(os.environ, **(environment or {}))
        self.memory = None
        self.problem = ""

    def run(self, arguments, retries=5):
        """What the query prints, and the seconds it takes; nothing where it came to a limit, which `problem` then tells."""
        start = time.monotonic()
        process = subprocess.Popen(
            [*self.prefix, *arguments], cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=self.limit)
        try:
            output, errors = process.communicate(timeout=self.timeout)
        except BaseException as problem:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if not isinstance(problem, subprocess.TimeoutExpired):
                raise
            self.problem = f"did not finish in {self.timeout} s"
            return None, time.monotonic() - start
        seconds = time.monotonic() - start
        if process.returncode != 0:
            text = errors.decode(errors="replace")
            if self.memory and (process.returncode == -signal.SIGABRT or OUT_OF_MEMORY.search(text)):
                self.problem = f"came to its limit of {self.memory} GB after {seconds:.0f} s"
                return None, seconds
            if "waiting for pantsd to start" in text and retries:
                # It has a minute for that, too little on a machine with much else to do.
                return self.run(arguments, retries - 1)
            tail = "\n".join(text.strip().splitlines()[-15:])
            raise Problem(f"{self.name} {' '.join(arguments)} failed ({process.returncode}):\n{tail}")
        return output.decode(), seconds

    def limit(self):
        """In the child: its data may grow so far, that of its own children too (setrlimit(2)). Not the address space:
        Pants maps its store, of some 300 GB."""
        if self.memory:
            size = int(self.memory * 1e9)
            resource.setrlimit(resource.RLIMIT_DATA, (size, size))


OUT_OF_MEMORY = re.compile(r"MemoryError|memory allocation of \d+ bytes failed|Cannot allocate memory|Out of memory"
                           r"|pantsd process was killed")


class Pants(Tool):
    """With its caches, its daemon and all else that it keeps in `scratch`; `memory` is in gigabytes, for each process."""

    def __init__(self, program, directory, scratch, timeout, memory, configurations=()):
        python = os.path.realpath(os.path.join(os.path.dirname(program), "python"))
        configuration = os.path.join(scratch, "pants-extra.toml")
        with open(configuration, "w") as file:
            # What it packages has to be below the repository; nothing is made there before.
            file.write(
                '[GLOBAL]\npants_version = "2.17.1"\ndynamic_ui = false\n'
                # It would start anew by itself when it is larger, and be slow for a reason that does not show.
                f'pantsd_max_memory_usage = {int(memory * 1e9)}\n'
                f'pants_workdir = "{scratch}/workdir"\npants_subprocessdir = "{scratch}/pids"\n'
                f'pants_distdir = ".pants.d/dist"\nlocal_store_dir = "{scratch}/store"\n'
                f'named_caches_dir = "{scratch}/caches"\nwatch_filesystem = true\n'
                "[anonymous-telemetry]\nenabled = false\n[python-infer]\nuse_rust_parser = true\n")
            if os.path.exists(python):
                file.write(f'[python-bootstrap]\nsearch_path = ["{os.path.dirname(python)}"]\n')
        files = ",".join(f'"{name}"' for name in [configuration, *configurations])
        # The directories decide where the client looks for its daemon, before it reads configuration files.
        super().__init__(
            "pants", [program], directory, timeout,
            {"PANTS_CONFIG_FILES": f"+[{files}]", "PANTS_SUBPROCESSDIR": f"{scratch}/pids", "NO_COLOR": "1"})
        self.scratch, self.memory = scratch, memory

    def together(self, goals, specs):
        """What several goals say of the same targets, worked out by one process: the text of each by its name. The goals are
        given with their options, as `{"paths": {"from": "a", "to": "b"}}`."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            options = [f"--{goal}-output-file={folder}/{goal}" for goal in goals]
            options += [f"--{goal}-{name}={value}" for goal, given in goals.items() for name, value in given.items()]
            if self.run([*options, *goals, *specs])[0] is None:
                return None
            answers = {}
            for goal in goals:
                path = os.path.join(folder, goal)
                answers[goal] = ""
                # A goal that has nothing to say writes no file.
                if os.path.exists(path):
                    with open(path) as file:
                        answers[goal] = file.read()
            return answers

    def without_daemon(self, arguments):
        before = self.environment.get("PANTS_PANTSD")
        self.environment["PANTS_PANTSD"] = "false"
        try:
            return self.run(arguments)
        finally:
            if before is None:
                del self.environment["PANTS_PANTSD"]

    def leave_daemon(self):
        """Stops the daemon and does without one from now on."""
        self.stop_daemon()
        self.environment["PANTS_PANTSD"] = "false"

    def stop_daemon(self):
        """Ends the daemon, which has a session of its own; one that does not end is killed."""
        for root, _, names in os.walk(os.path.join(self.scratch, "pids")):
            for name in names:
                if name != "pid":
                    continue
                try:
                    with open(os.path.join(root, name)) as file:
                        end(int(file.read()))
                except ValueError:
                    pass


def end(pid):
    """SIGTERM, and SIGKILL after ten seconds; until the process is gone."""
    for step in range(200):
        try:
            os.kill(pid, signal.SIGTERM if step == 0 else signal.SIGKILL if step >= 100 else 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
