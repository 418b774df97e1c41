import urllib.error
import urllib.request

import pytest

from lib.metrics import Registry, job_labels, serve_metrics

ATTRIBUTES = "service.name=fiddler,kilt.cluster=c,kilt.role=www-data,kilt.stage=prod,kilt.job=fid%2Cdler,kilt.instance=3,kilt.release=7"


def test_labels_are_those_of_the_task():
    assert job_labels({"OTEL_RESOURCE_ATTRIBUTES": ATTRIBUTES}) == {
        "cluster": "c",
        "role": "www-data",
        "stage": "prod",
        "job": "fid,dler",
        "instance": "3",
        "release": "7",
    }
    assert job_labels({}) == {}


def test_each_kind_is_written_with_the_labels(monkeypatch):
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "kilt.job=fiddler")
    registry = Registry()
    registry.counter("asked_total", "Questions.").increment(2, by_whom='a "b"\n')
    registry.gauge("queue", "Waiting.").set(1.5)
    times = registry.histogram("time_seconds", "Times.", buckets=(0.1, 1))
    for value in (0.05, 0.5, 5):
        times.observe(value)
    assert registry.text() == (
        "# HELP asked_total Questions.\n# TYPE asked_total counter\n"
        'asked_total{by_whom="a \\"b\\"\\n",job="fiddler"} 2\n'
        "# HELP queue Waiting.\n# TYPE queue gauge\n"
        'queue{job="fiddler"} 1.5\n'
        "# HELP time_seconds Times.\n# TYPE time_seconds histogram\n"
        'time_seconds_bucket{job="fiddler",le="0.1"} 1\ntime_seconds_bucket{job="fiddler",le="1"} 2\n'
        'time_seconds_bucket{job="fiddler",le="+Inf"} 3\ntime_seconds_sum{job="fiddler"} 5.55\ntime_seconds_count{job="fiddler"} 3\n'
    )


def test_a_counter_does_not_shrink_and_a_name_is_used_once():
    registry = Registry({})
    counter = registry.counter("one_total", "One.")
    with pytest.raises(ValueError):
        counter.increment(-1)
    with pytest.raises(ValueError):
        registry.gauge("one_total", "Another.")


def test_metrics_are_served_on_a_port_of_their_own():
    registry = Registry({})
    registry.counter("one_total", "One.").increment()
    base = f"http://127.0.0.1:{serve_metrics(registry, 0)}"
    with urllib.request.urlopen(base + "/metrics", timeout=10) as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert response.read().decode().endswith("one_total 1\n")
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(base + "/", timeout=10)
