"""What a pipeline is made of, and its YAML file."""

from __future__ import annotations

import json
import re
from typing import Mapping, Sequence


class From:
    """Partitions from the list `key` in the output of another step."""

    def __init__(self, step, key):
        self.step = step
        self.key = key


class Parameter:
    """A value that each run gets. Types: string, int, float, bool, date."""

    def __init__(self, type="string", default=None, description=None):
        self.type = type
        self.default = default
        self.description = description


class Step:
    """One step: a subclass says how it runs, and `run` does the work of one partition."""

    #: Step classes that must succeed first.
    after: Sequence[type[Step]] = ()
    #: A number, a list of names, or `From(OtherStep, "key")`; None runs the step once.
    partitions: int | Sequence[str] | From | None = None
    #: Attempts that run at once; None for no limit.
    parallel: int | None = None
    #: Such as {"cpu": 0.5, "ram": "256MB"}.
    resources: Mapping[str, float | str] = {}
    retries = 0
    retry_delay = "0s"
    #: Such as "10m".
    timeout: str | None = None
    heartbeat: str | None = None
    on_failure = "stop"

    def __init__(self, context):
        self.context = context

    def run(self, partition):
        """Does the work of a partition (None without partitions); returns its output as a dict, or None."""
        raise NotImplementedError

    @classmethod
    def name(cls):
        """`FindFiles` is the step `find-files`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()


class Pipeline:
    """Steps that one bundle carries."""

    def __init__(self, name, role, artifact, steps, parameters=None):
        self.name = name
        self.role = role
        self.artifact = artifact
        self.steps = list(steps)
        self.parameters = dict(parameters or {})

    def step(self, name):
        """The step class of a name."""
        for step in self.steps:
            if step.name() == name:
                return step
        raise SystemExit("{}: no step {!r}; steps: {}".format(self.name, name, ", ".join(s.name() for s in self.steps)))

    def yaml(self):
        """The pipeline file. JSON values are YAML, so nothing needs a YAML library."""
        lines = [
            "# Written from the step classes: do not edit. `write` of the program replaces it.",
            "pipeline: " + json.dumps(self.name),
            "role: " + json.dumps(self.role),
            "artifact: " + json.dumps(self.artifact),
        ]
        if self.parameters:
            lines.append("parameters:")
        for name, parameter in self.parameters.items():
            fields = {"type": parameter.type, "default": parameter.default, "description": parameter.description}
            lines.append(f"  {name}: {json.dumps({k: v for k, v in fields.items() if v is not None})}")
        lines.append("steps:")
        for step in self.steps:
            lines.append(f"  {step.name()}:")
            lines += [f"    {key}: {json.dumps(value)}" for key, value in self._fields(step)]
        return "\n".join(lines) + "\n"

    def _fields(self, step):
        yield "command", '"$KILT_ARTIFACT" run ' + step.name()
        if step.after:
            yield "after", [self._known(other, step) for other in step.after]
        if isinstance(step.partitions, From):
            yield "partitions", {"from": self._known(step.partitions.step, step), "key": step.partitions.key}
        elif step.partitions is not None:
            yield "partitions", step.partitions
        if step.parallel is not None:
            yield "parallel", step.parallel
        if step.resources:
            yield "resources", step.resources
        if step.retries:
            yield "retries", {"count": step.retries, "delay": step.retry_delay}
        for key in ("timeout", "heartbeat"):
            if getattr(step, key) is not None:
                yield key, getattr(step, key)
        if step.on_failure != "stop":
            yield "on_failure", step.on_failure

    def _known(self, other, step):
        if other not in self.steps:
            raise ValueError(f"step {step.name()} needs {other.name()}, which pipeline {self.name} does not have")
        return other.name()
