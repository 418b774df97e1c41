"""Runs in the guest of scripts/check-cgroup2: tasks of the built executor, each against one limit."""
import json
import os
import subprocess
import sys
import time

PROGRAMS = sys.argv[1]
failures = []


def assignment(name, cmdline, resources):
    process = dict(name="main", cmdline=cmdline, max_failures=1, daemon=False, ephemeral=False, min_duration=0, final=False)
    task = dict(
        name="task", processes=[process], constraints=[], max_failures=1, max_concurrency=0, finalization_wait=5,
        user="nobody", artifacts=[], resources=resources)
    update = dict(
        strategy=dict(kind="queue", batch_size=1), batch_size=1, watch=45, max_per_instance_failures=0,
        max_total_failures=0, rollback_on_failure=True, wait_for_batch_completion=False, start_first=False, sla_aware=False)
    key = "test/nobody/devel/" + name
    configuration = dict(
        key=key, service=False, instances=1, task=task, update=update, priority=0, tier="preemptible",
        max_task_failures=1, metadata={})
    return dict(task_id=name, job=key, instance=0, hostname="guest", ports={}, configuration=configuration)


def run(name, cmdline, while_running=None, **resources):
    directory = "/tmp/" + name
    os.mkdir(directory, 0o700)
    limits = dict(cpu=1, ram=64 << 20, disk=16 << 20, processes=64, gpu=None)
    limits.update(resources)
    with open(directory + "/task.json", "w") as file:
        json.dump(assignment(name, cmdline, limits), file)
    executor = subprocess.Popen(
        [PROGRAMS + "/kilt-executor", "run", "--task-directory", directory, "--isolation", "bubblewrap"],
        start_new_session=True)
    if while_running:
        while_running(name, executor)
    executor.wait()
    with open(directory + "/checkpoint") as file:
        records = [json.loads(line) for line in file]
    last = [record for record in records if record["kind"] == "task"][-1]
    return last["status"], last.get("message", ""), records


def expect(what, condition, detail):
    print("cgroup2:", "ok" if condition else "FAILED", what, "" if condition else detail, flush=True)
    if not condition:
        failures.append(what)


def group(name):
    for directory, _, _ in os.walk("/sys/fs/cgroup"):
        if os.path.basename(directory) == name:
            return directory
    return None


status, message, _ = run("memory", "exec python3 -c 'b = bytearray(200 << 20)'")
expect("memory beyond the limit ends the task", status == "FAILED" and message.startswith("killed: out of memory"), message)

status, message, _ = run("processes", "for i in $(seq 40); do sleep 5 & done; wait", processes=10)
expect("the limit on processes is named", status == "FAILED" and "its limit of 10 processes" in message, message)

used = {}


def watch(name, executor):
    time.sleep(3)
    with open(group(name) + "/cpu.stat") as file:
        first = dict(line.split() for line in file)
    time.sleep(5)
    with open(group(name) + "/cpu.stat") as file:
        second = dict(line.split() for line in file)
    used["share"] = (int(second["usage_usec"]) - int(first["usage_usec"])) / 5e6
    used["quota"] = open(group(name) + "/cpu.max").read().strip()
    executor.terminate()


status, _, _ = run("quota", "while :; do :; done", watch, cpu=0.2)
expect("the CPU quota is set and holds", used["quota"] == "20000 100000" and used["share"] < 0.3, used)

status, message, _ = run("escape", "setsid sleep 100 & disown; echo $(cat /proc/self/cgroup)")
expect("a task that ends leaves no group", status == "FINISHED" and group("escape") is None, message)

status, message, _ = run("disk", "head -c 100000000 /dev/zero > big; sleep 60")
expect("the disk is a wall", status == "FAILED" and message.startswith("Disk limit exceeded"), message)

print("cgroup2:", "all passed" if not failures else "%d failed" % len(failures), flush=True)
