"""Counters, gauges and histograms that carry the labels of the job they run in, in Prometheus' text form."""

from lib.metrics.registry import Counter, Gauge, Histogram, Registry, job_labels
from lib.metrics.server import serve_metrics

__all__ = ["Counter", "Gauge", "Histogram", "Registry", "job_labels", "serve_metrics"]
