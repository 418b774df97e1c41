"""What an attempt is told, and where its output goes: the contract of steps, in docs/pipelines.md of Kilt."""

import json
import os
import tempfile


class Context:
    """One attempt at one partition of a run."""

    def __init__(self, values, output, heartbeat=None):
        #: The content of the input file.
        self.values = values
        self._output = output
        self._heartbeat = heartbeat

    @classmethod
    def from_environment(cls, environment=None):
        environment = os.environ if environment is None else environment
        try:
            with open(environment["KILT_INPUT"]) as file:
                values = json.load(file)
            return cls(values, environment["KILT_OUTPUT"], environment.get("KILT_HEARTBEAT"))
        except KeyError as error:
            raise SystemExit(f"not started by kilt pipeline: {error} is not set")

    @property
    def parameters(self):
        return self.values["parameters"]

    @property
    def key(self):
        """Equal for all attempts at this partition of this run."""
        return self.values["idempotency_key"]

    @property
    def fence(self):
        """Higher than that of every earlier attempt of the run."""
        return self.values["fence"]

    def outputs(self, step):
        """The outputs of a step that this one needs, in the order of its partitions."""
        return [entry["output"] for entry in self.values["inputs"][step.name()]]

    def heartbeat(self):
        """Says that the attempt is alive and gets on."""
        if self._heartbeat:
            with open(self._heartbeat, "a"):
                os.utime(self._heartbeat, None)

    def write_output(self, output):
        """Writes the output file whole: a reader sees all of it or none."""
        directory = os.path.dirname(self._output) or "."
        with tempfile.NamedTemporaryFile("w", dir=directory, delete=False) as file:
            json.dump(output, file)
        os.replace(file.name, self._output)
