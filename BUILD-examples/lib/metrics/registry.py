"""The metrics of one process. Safe from any thread."""

import os
import threading
from urllib.parse import unquote

DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
ATTRIBUTES = ("cluster", "role", "stage", "job", "instance", "release", "commit")


def job_labels(environ=None):
    """The labels of the task that this process belongs to; empty outside of one.

    A task has them in OTEL_RESOURCE_ATTRIBUTES, as kilt.cluster, kilt.role and so on.
    """
    text = (os.environ if environ is None else environ).get("OTEL_RESOURCE_ATTRIBUTES", "")
    pairs = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
    values = {name: unquote(pairs.get("kilt." + name, "")) for name in ATTRIBUTES}
    return {name: value for name, value in values.items() if value}


def _escaped(value):
    return str(value).replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value):
    return "+Inf" if value == float("inf") else repr(float(value)) if value != int(value) else str(int(value))


class _Metric:
    kind = ""

    def __init__(self, name, help, registry):
        self.name, self.help = name, help
        self._lock = threading.Lock()
        self._values = {}
        registry.add(self)

    @staticmethod
    def _key(labels):
        return tuple(sorted((name, str(value)) for name, value in labels.items()))

    def samples(self):
        """Pairs of a suffix and labels, with the value."""
        with self._lock:
            return [("", key, value) for key, value in sorted(self._values.items())]


class Counter(_Metric):
    """A number that grows: requests, errors, bytes."""

    kind = "counter"

    def increment(self, by=1, **labels):
        if by < 0:
            raise ValueError("a counter cannot shrink")
        key = self._key(labels)
        with self._lock:
            self._values[key] = self._values.get(key, 0) + by


class Gauge(_Metric):
    """A number that goes up and down: the length of a queue."""

    kind = "gauge"

    def set(self, value, **labels):
        with self._lock:
            self._values[self._key(labels)] = value


class Histogram(_Metric):
    """How values are distributed: times of requests, in seconds."""

    kind = "histogram"

    def __init__(self, name, help, registry, buckets=DURATIONS):
        self.buckets = tuple(sorted(buckets)) + (float("inf"),)
        super().__init__(name, help, registry)

    def observe(self, value, **labels):
        key = self._key(labels)
        with self._lock:
            counts, total = self._values.get(key, ([0] * len(self.buckets), 0.0))
            for index, bound in enumerate(self.buckets):
                if value <= bound:
                    counts[index] += 1
            self._values[key] = (counts, total + value)

    def samples(self):
        with self._lock:
            values = [(key, list(counts), total) for key, (counts, total) in sorted(self._values.items())]
        result = []
        for key, counts, total in values:
            for bound, count in zip(self.buckets, counts):
                result.append(("_bucket", key + (("le", _number(bound)),), count))
            result += [("_sum", key, total), ("_count", key, counts[-1])]
        return result


class Registry:
    """The metrics of a process, with the labels that each sample gets; by default those of the job."""

    def __init__(self, labels=None):
        self.labels = job_labels() if labels is None else labels
        self._lock = threading.Lock()
        self._metrics = {}

    def add(self, metric):
        with self._lock:
            if metric.name in self._metrics:
                raise ValueError(f"there are two metrics {metric.name!r}")
            self._metrics[metric.name] = metric

    def counter(self, name, help):
        return Counter(name, help, self)

    def gauge(self, name, help):
        return Gauge(name, help, self)

    def histogram(self, name, help, buckets=DURATIONS):
        return Histogram(name, help, self, buckets)

    def text(self):
        """Prometheus' text form, version 0.0.4."""
        with self._lock:
            metrics = sorted(self._metrics.values(), key=lambda metric: metric.name)
        lines = []
        for metric in metrics:
            lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
            for suffix, key, value in metric.samples():
                labels = dict(self.labels, **dict(key))
                inner = ",".join(f'{name}="{_escaped(labels[name])}"' for name in sorted(labels))
                lines.append("{}{}{} {}".format(metric.name, suffix, f"{{{inner}}}" if inner else "", _number(value)))
        return "\n".join(lines) + "\n"
