"""Pipelines of steps as Python classes. `kilt pipeline` runs them by the YAML file that `main` writes."""

from lib.deepwater.command import main
from lib.deepwater.context import Context
from lib.deepwater.ledger import Ledger, Stale
from lib.deepwater.pipeline import From, Parameter, Pipeline, Step

__all__ = ["Context", "From", "Ledger", "Parameter", "Pipeline", "Stale", "Step", "main"]
