"""The comparison of scripts/compare-with-aurora: Aurora's schema as it is in the checkout, evaluated by pystachio."""
import json, re, subprocess, sys, tempfile, types
from pathlib import Path

checkout, kilt = Path(sys.argv[1]), sys.argv[2]

# What the schema imports besides pystachio: a constant of the Thrift interface, and a name of a Python 2 library.
for name in ["gen", "gen.apache", "gen.apache.aurora", "gen.apache.aurora.api", "twitter", "twitter.common"]:
    sys.modules[name] = types.ModuleType(name)
constants = types.ModuleType("gen.apache.aurora.api.constants")
constants.AURORA_EXECUTOR_NAME = "AuroraExecutor"
sys.modules[constants.__name__] = constants
lang = types.ModuleType("twitter.common.lang")
lang.Compatibility = type("Compatibility", (), {"string": str, "integer": int, "numeric": (int, float)})
sys.modules[lang.__name__] = lang
# The packages without their own beginnings, which import the rest of the client.
for name in ["apache", "apache.aurora", "apache.aurora.config", "apache.aurora.config.schema", "apache.thermos",
             "apache.thermos.config"]:
    package = types.ModuleType(name)
    package.__path__ = [str(checkout / "src/main/python" / name.replace(".", "/"))]
    sys.modules[name] = package

PORT = re.compile(r"thermos\.ports\[(\w+)\]")
SCHEMA = "from pystachio import *\nfrom apache.aurora.config.schema.base import *\n"


def aurora_jobs(path, bindings):
    """The jobs of a file, as Aurora's client has them: the file run in the schema's names, refs bound, interpolated."""
    names = {"__file__": str(path), "__name__": "config"}
    exec(compile(SCHEMA, "schema", "exec"), names)

    def include(other):
        text = (path.parent / other).read_text()
        exec(compile(text, other, "exec"), names)

    names["include"] = include
    exec(compile(path.read_text(), str(path), "exec"), names)
    from pystachio import Ref
    # Aurora's client binds these to every job of a file.
    pairs = {Ref.from_address(name): value for name, value in bindings.items()}
    return [job.bind(pairs) if pairs else job for job in names.get("jobs", [])]


def unbound(job):
    """The variables that nothing binds, without those that the host fills in."""
    _, refs = job.interpolate()
    found = {ref.address() for ref in refs}
    return sorted(r for r in found if not re.match(r"(mesos|thermos)\.", r))


def plain(value):
    """A value of pystachio as JSON, numbers as numbers."""
    return value.get() if hasattr(value, "get") else value


def theirs(job):
    """The fields to compare, in one flat mapping of texts."""
    done, _ = job.interpolate()
    facts = {}

    def put(name, value):
        facts[name] = str(value)

    def field(object, name):
        value = getattr(object, name)()
        return None if type(value).__name__ == "type" or not hasattr(value, "get") else value.get()

    put("key", "/".join(str(getattr(done, n)()) for n in ("cluster", "role", "environment", "name")))
    put("instances", int(field(done, "instances")))
    put("service", bool(field(done, "service")))
    put("priority", int(field(done, "priority")))
    if field(done, "max_task_failures") is not None:
        put("max_task_failures", int(field(done, "max_task_failures")))
    put("contact", field(done, "contact"))
    put("cron_schedule", field(done, "cron_schedule"))
    task = done.task()
    put("task.name", task.name())
    put("task.max_failures", int(field(task, "max_failures")))
    put("task.max_concurrency", int(field(task, "max_concurrency")))
    put("task.finalization_wait", float(field(task, "finalization_wait")))
    resources = task.resources()
    put("cpu", float(field(resources, "cpu")))
    put("ram", int(field(resources, "ram")))
    put("disk", int(field(resources, "disk")))
    for process in task.processes():
        name = str(process.name())
        put(f"process[{name}].cmdline", process.cmdline())
        put(f"process[{name}].max_failures", int(field(process, "max_failures")))
        for flag in ("daemon", "ephemeral", "final"):
            put(f"process[{name}].{flag}", bool(field(process, flag)))
        put(f"process[{name}].min_duration", float(field(process, "min_duration")))
    orders = field(task, "constraints") or []
    put("order", [list(map(str, c["order"])) for c in orders if len(c.get("order", [])) > 1])
    update = done.update_config()
    put("update.watch_secs", float(field(update, "watch_secs")))
    put("update.max_per_shard_failures", int(field(update, "max_per_shard_failures")))
    put("update.max_total_failures", int(field(update, "max_total_failures")))
    put("update.rollback_on_failure", bool(field(update, "rollback_on_failure")))
    put("update.sla_aware", bool(field(update, "sla_aware")))
    strategy = field(update, "update_strategy")
    sizes = (strategy or {}).get("batch_sizes") or [(strategy or {}).get("batch_size", field(update, "batch_size"))]
    put("update.sizes", [int(size) for size in sizes])
    ports = set(PORT.findall(" ".join(str(process.cmdline()) for process in task.processes())))
    health = field(done, "health_check_config")
    checker = health["health_checker"]
    if "shell" in checker or checker.get("http", {}).get("port", "health") in ports:
        for name in ("initial_interval_secs", "interval_secs", "timeout_secs", "max_consecutive_failures",
                     "min_consecutive_successes"):
            put("health." + name, float(health[name]))
        put("health.checker", checker.get("shell", {}).get("shell_command") or checker["http"]["endpoint"])
    announce = field(done, "announce")
    put("announce", announce and [announce["primary_port"], sorted(announce["portmap"].items())])
    put("constraints", sorted((field(done, "constraints") or {}).items()))
    put("metadata", sorted((m["key"], m["value"]) for m in field(done, "metadata") or []))
    # As Aurora's executor does: an alias of the announcer's map is the port that it names.
    for alias, target in (announce or {}).get("portmap", {}).items():
        if not str(target).isdigit():
            for name in facts:
                facts[name] = facts[name].replace("{{thermos.ports[%s]}}" % alias, "{{thermos.ports[%s]}}" % target)
    return facts


def ours(job):
    facts = {}

    def put(name, value):
        facts[name] = str(value)

    key = job["key"] if isinstance(job["key"], str) else "/".join(job["key"][n] for n in ("cluster", "role", "stage", "name"))
    put("key", key)
    put("instances", job.get("instances", 1))
    put("service", job.get("service", False))
    put("priority", job.get("priority", 0))
    put("max_task_failures", job.get("max_task_failures", 1))
    put("contact", job.get("contact"))
    put("cron_schedule", (job.get("cron") or {}).get("schedule"))
    task = job["task"]
    put("task.name", task["name"])
    put("task.max_failures", task.get("max_failures", 1))
    put("task.max_concurrency", task.get("max_concurrency", 0))
    put("task.finalization_wait", seconds(task, "finalization_wait", 30))
    resources = task["resources"]
    put("cpu", float(resources["cpu"]) if "cpu" in resources else resources["milli_cpu"] / 1000)
    put("ram", resources["ram"])
    put("disk", resources["disk"])
    for process in task["processes"]:
        name = process["name"]
        put(f"process[{name}].cmdline", process["cmdline"])
        put(f"process[{name}].max_failures", process.get("max_failures", 1))
        for flag in ("daemon", "ephemeral", "final"):
            put(f"process[{name}].{flag}", process.get(flag, False))
        put(f"process[{name}].min_duration", seconds(process, "min_duration", 5))
    put("order", [c["order"] for c in task.get("constraints", []) if len(c["order"]) > 1])
    update = job.get("update", {})
    put("update.watch_secs", seconds(update, "watch", 45, "watch_secs"))
    put("update.max_per_shard_failures", first(update, ["max_per_shard_failures", "max_per_instance_failures"], 0))
    put("update.max_total_failures", update.get("max_total_failures", 0))
    put("update.rollback_on_failure", update.get("rollback_on_failure", True))
    put("update.sla_aware", update.get("sla_aware", False))
    put("update.sizes", update["strategy"].get("batch_sizes") or [update["batch_size"]])
    if health := job.get("health_check"):
        for name in ("initial_interval", "interval", "timeout"):
            put(f"health.{name}_secs", float(health[name]))
        for name in ("max_consecutive_failures", "min_consecutive_successes"):
            put("health." + name, float(health[name]))
        checker = health["checker"]
        put("health.checker", checker.get("command") or checker.get("endpoint"))
    announce = job.get("announce")
    put("announce", announce and [announce["primary_port"], sorted(announce["portmap"].items())])
    put("constraints", sorted((c["attribute"], written(c)) for c in job.get("constraints", [])))
    put("metadata", sorted(job.get("metadata", {}).items()))
    return facts


def written(constraint):
    """A placement constraint as Aurora's files write it."""
    if "limit" in constraint:
        return f"limit:{constraint['limit']}"
    values = constraint.get("values", constraint.get("rule"))
    return ("!" if constraint.get("negated") else "") + (values if isinstance(values, str) else ",".join(values or []))


def first(object, names, default):
    return next((object[name] for name in names if name in object), default)


def seconds(object, name, default, *others):
    for suffix, scale in (("_ms", 1000), ("_secs", 1), ("", 1)):
        for each in (name, *others):
            if each + suffix in object:
                return float(object[each + suffix]) / scale
    return float(default)


files = sorted(path for path in checkout.rglob("*.aurora"))
jobs = fields = differences = 0
for path in files:
    # What a file leaves open is given to both sides.
    bindings = {}
    for job in aurora_jobs(path, {}):
        for name in unbound(job):
            bindings[name] = "bound"
    short = path.relative_to(checkout)
    arguments = [word for name, value in bindings.items() for word in ("--bind", f"{name}={value}")]
    expected = [theirs(job) for job in aurora_jobs(path, bindings)]
    print(f"{short}: {len(expected)} jobs" + (f", bound: {', '.join(bindings)}" if bindings else ""))
    with tempfile.TemporaryDirectory() as workspace:
        # kilt reads files of a workspace; the copy is unchanged.
        Path(workspace, "kilt.toml").touch()
        copy = Path(workspace, path.name)
        for other in path.parent.glob("*.aurora"):
            Path(workspace, other.name).write_bytes(other.read_bytes())
        listing = subprocess.run(
            [kilt, "job", "list", "--files", path.name], cwd=workspace, capture_output=True, text=True)
        if listing.returncode:
            print(f"  DIFFERS: kilt does not load it\n{listing.stderr}")
            differences += 1
            continue
        for facts in expected:
            jobs += 1
            answer = subprocess.run(
                [kilt, "job", "inspect", path.name, "--job", facts["key"], *arguments], cwd=workspace,
                capture_output=True, text=True)
            if answer.returncode:
                print(f"  DIFFERS: {facts['key']}: {answer.stderr}")
                differences += 1
                continue
            found = ours(json.loads(answer.stdout))
            different = [name for name in facts if facts[name] != found.get(name)]
            fields += len(facts)
            differences += len(different)
            print(f"  {facts['key']}: {len(facts)} fields" + (", equal" if not different else ""))
            for name in different:
                print(f"    DIFFERS: {name}: Aurora {facts[name]!r}, Kilt {found.get(name)!r}")
print(f"{len(files)} files, {jobs} jobs, {fields} fields, {differences} differences")
sys.exit(1 if differences else 0)
