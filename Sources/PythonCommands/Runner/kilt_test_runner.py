"""Runs test files under pytest.

    python kilt_test_runner.py            a warm process: requests as lines of JSON on standard input, answers on
                                          standard output; pytest is imported once, and each file gets a fork
    python kilt_test_runner.py REQUEST    the request in a file, in this process, with the terminal

Written for every Python that pytest runs on, with nothing but the standard library imported at the start.
"""
import gc
import json
import os
import signal
import sys
import time


def main():
    own = os.path.dirname(os.path.abspath(__file__))
    start = [p for p in sys.path if os.path.abspath(p) != own]
    sys.path[:] = start
    if len(sys.argv) > 1:
        with open(sys.argv[1], encoding="utf-8", errors="surrogateescape") as file:
            request = json.load(file)
        apply_environment(request)
    else:
        request = serve()
        if request is None:
            return 0
        become(request)
    enter(request, start)
    return run(request)


# The warm process


def serve():
    """Answers requests; returns None when there are no more, and in each fork the request that it is for."""
    requests, answers = os.dup(0), os.dup(1)
    empty = os.open(os.devnull, os.O_RDWR)
    os.dup2(empty, 0)
    os.dup2(empty, 1)
    os.close(empty)
    warm_up()
    # What is there now stays: the collector of a fork need not look at it, and so copy its pages.
    gc.collect()
    gc.freeze()
    wake, wake_end = os.pipe()
    for end in (wake, wake_end):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake_end)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    say(answers, {"ready": list(sys.version_info[:3])})
    reader = Lines(requests)
    while True:
        line = reader.next()
        if line is None:
            return None
        request = json.loads(line.decode("utf-8", "surrogateescape"))
        child = os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for descriptor in (requests, answers, wake, wake_end):
                os.close(descriptor)
            return request
        say(answers, watch(child, request, requests, wake))


def warm_up():
    """Imports what every file needs. Plugins that pytest loads on its own are imported here, not configured."""
    import importlib
    import pytest
    from _pytest import config
    for name in getattr(config, "default_plugins", ()):
        try:
            importlib.import_module("_pytest." + name)
        except ImportError:
            pass
    # What pytest imports only when it runs.
    import email.parser
    import faulthandler
    import pdb
    import xml.etree.ElementTree
    try:
        import coverage
    except ImportError:
        pass
    return pytest, email, faulthandler, pdb, xml


def say(descriptor, answer):
    data = (json.dumps(answer) + "\n").encode()
    while data:
        data = data[os.write(descriptor, data):]


class Lines(object):
    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.data = b""

    def next(self):
        while b"\n" not in self.data:
            part = os.read(self.descriptor, 65536)
            if not part:
                return None
            self.data += part
        line, _, self.data = self.data.partition(b"\n")
        return line


def watch(child, request, requests, wake):
    """Waits for a fork, ends it when its time is up, and ends all when nobody listens any more."""
    import select
    start = time.monotonic()
    limit = request.get("timeout")
    due = start + limit if limit else None
    killed = 0
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        now = time.monotonic()
        if due is not None and now >= due:
            # First SIGABRT, at which pytest's faulthandler shows where each thread is.
            if killed == 0:
                kill(child, signal.SIGABRT, group=False)
            else:
                kill(child, signal.SIGKILL)
            killed += 1
            due = now + 3
            continue
        wait = None if due is None else due - now
        ready, _, _ = select.select([requests, wake], [], [], wait)
        if wake in ready:
            try:
                os.read(wake, 4096)
            except BlockingIOError:
                pass
        if requests in ready and not os.read(requests, 4096):
            kill(child, signal.SIGKILL)
            os._exit(1)
    seconds = time.monotonic() - start
    # What the file has started and left running.
    kill(child, signal.SIGKILL)
    answer = {"seconds": seconds, "timed_out": killed > 0}
    if os.WIFSIGNALED(status):
        answer["signal"] = os.WTERMSIG(status)
    else:
        answer["code"] = os.WEXITSTATUS(status)
    return answer


def kill(child, number, group=True):
    try:
        if group:
            os.killpg(child, number)
        else:
            os.kill(child, number)
    except (ProcessLookupError, PermissionError):
        pass


# In the fork


def become(request):
    """Makes the fork a process of its own: session, output, environment."""
    os.setsid()
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    try:
        import resource
        # A file that is ended for its time would leave a core file.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    except (ImportError, OSError, ValueError):
        pass
    apply_environment(request)


def apply_environment(request):
    os.environ.clear()
    os.environ.update(request["environment"])
    if hasattr(time, "tzset"):
        # The warm process has read its own time zone long ago.
        time.tzset()
    os.chdir(request["directory"])


def enter(request, start):
    """Puts the file's own environment in the place of the one that this process was started in.

    Of the start, only the standard library stays on sys.path: the wheels that the file may import are those of its
    own environment, which has pytest too.
    """
    import importlib
    import site
    prefix = os.path.realpath(sys.prefix)
    packages = {os.path.realpath(p) for p in site.getsitepackages([sys.prefix])} | {os.path.join(prefix, "bin")}
    standard = [p for p in start if os.path.realpath(p) not in packages]
    sys.path[:] = request["sources"] + standard
    environment = request["prefix"]
    sys.prefix = sys.exec_prefix = environment
    sys.executable = os.path.join(environment, "bin", "python")
    site.PREFIXES[:] = [environment]
    sys.path_importer_cache.clear()
    importlib.invalidate_caches()
    site.addsitedir(request["site_packages"])


def run(request):
    import pytest
    arguments = request["arguments"]
    sys.argv[:] = [os.path.join(request["prefix"], "bin", "pytest")] + arguments
    recorder = Recorder(request["result"])
    measurement = Measurement(request.get("coverage"))
    measurement.start()
    code = int(pytest.main(arguments, plugins=[recorder]))
    measurement.stop()
    recorder.finish(code)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


class Recorder(object):
    """Counts what happens, and notes which test runs, for when the process does not live to tell."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), 0o644)
        self.counts = {}
        self.failures = []

    def write(self, data):
        os.ftruncate(self.file, 0)
        os.pwrite(self.file, json.dumps(data).encode(), 0)

    def finish(self, code):
        self.write({"code": code, "counts": self.counts, "failures": self.failures})

    def count(self, what, nodeid=None):
        self.counts[what] = self.counts.get(what, 0) + 1
        if nodeid is not None and nodeid not in self.failures:
            self.failures.append(nodeid)

    def pytest_runtest_logstart(self, nodeid, location):
        self.write({"current": nodeid, "counts": self.counts, "failures": self.failures})

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.count("failed" if report.when == "call" else "errors", report.nodeid)
        elif report.skipped:
            self.count("xfailed" if hasattr(report, "wasxfail") else "skipped")
        elif report.when == "call":
            self.count("xpassed" if hasattr(report, "wasxfail") else "passed")

    def pytest_collectreport(self, report):
        if report.failed:
            self.count("errors", report.nodeid)
        elif report.skipped:
            self.count("skipped")

    def pytest_deselected(self, items):
        self.counts["deselected"] = self.counts.get("deselected", 0) + len(items)


class Measurement(object):
    """Line coverage of one file's run, with paths from the tree, so that runs in other trees can be joined."""

    def __init__(self, data_file):
        self.data_file = data_file
        self.coverage = None

    def start(self):
        if not self.data_file:
            return
        import coverage
        self.coverage = coverage.Coverage(data_file=self.data_file)
        self.coverage.set_option("run:relative_files", True)
        chosen = ("run:source", "run:source_pkgs", "run:include")
        if not any(self.option(name) for name in chosen):
            self.coverage.set_option("run:source", ["."])
        self.coverage.start()

    def option(self, name):
        try:
            return self.coverage.get_option(name)
        except Exception:
            # An option that this version does not have.
            return None

    def stop(self):
        if self.coverage is None:
            return
        self.coverage.stop()
        self.coverage.save()
        if self.option("run:parallel"):
            import coverage
            joined = coverage.Coverage(data_file=self.data_file)
            joined.combine([os.path.dirname(self.data_file)])
            joined.save()


if __name__ == "__main__":
    sys.exit(main())
