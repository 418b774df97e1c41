import json
import sqlite3
from contextlib import closing

import pytest

from lib.deepwater import Context, From, Ledger, Parameter, Pipeline, Stale, Step, main


class FindFiles(Step):
    retries = 2
    retry_delay = "5s"

    def run(self, partition):
        return {"files": ["a", "b"]}


class Count(Step):
    partitions = From(FindFiles, "files")
    resources = {"cpu": 0.5}
    on_failure = "continue"

    def run(self, partition):
        return {"partition": partition, "found": self.context.outputs(FindFiles)}


def pipeline(steps=(FindFiles, Count)):
    return Pipeline("demo", "www-data", "demo", steps, {"day": Parameter("date", "2024-02-29")})


def values(**changes):
    result = {"partition": "", "parameters": {}, "inputs": {}, "idempotency_key": "r/s/", "fence": 1, "attempt": 1}
    result.update(changes)
    return result


def context(**changes):
    return Context(values(**changes), "unused")


def test_the_file_says_what_the_classes_say():
    text = pipeline().yaml()
    assert '  find-files:\n    command: "\\"$KILT_ARTIFACT\\" run find-files"\n' in text
    assert '    partitions: {"from": "find-files", "key": "files"}\n' in text
    assert '    retries: {"count": 2, "delay": "5s"}\n' in text
    assert '  day: {"type": "date", "default": "2024-02-29"}\n' in text


def test_a_step_that_the_pipeline_lacks_is_refused():
    with pytest.raises(ValueError, match="find-files"):
        pipeline([Count]).yaml()


def test_check_tells_a_file_that_is_out_of_date(tmp_path, capsys):
    file = str(tmp_path / "demo.yaml")
    assert main(pipeline(), ["write", file, "--check"]) == 1
    assert "demo.yaml" in capsys.readouterr().err
    assert main(pipeline(), ["write", file]) == 0
    assert main(pipeline(), ["write", file, "--check"]) == 0


def test_a_step_runs_by_the_contract(tmp_path, monkeypatch):
    entry = {"partition": "", "output": {"files": ["a", "b"]}}
    (tmp_path / "in.json").write_text(json.dumps(values(partition="b", inputs={"find-files": [entry]})))
    monkeypatch.setenv("KILT_INPUT", str(tmp_path / "in.json"))
    monkeypatch.setenv("KILT_OUTPUT", str(tmp_path / "out.json"))
    monkeypatch.setenv("KILT_HEARTBEAT", str(tmp_path / "beat"))
    assert main(pipeline(), ["run", "count"]) == 0
    assert json.loads((tmp_path / "out.json").read_text()) == {"partition": "b", "found": [{"files": ["a", "b"]}]}
    Context.from_environment().heartbeat()
    assert (tmp_path / "beat").exists()


def test_outside_of_a_run_the_program_says_so(monkeypatch):
    monkeypatch.delenv("KILT_INPUT", raising=False)
    with pytest.raises(SystemExit, match="kilt pipeline"):
        main(pipeline(), ["run", "count"])


@pytest.fixture
def connection():
    with closing(sqlite3.connect(":memory:")) as connection:
        yield connection


def test_a_claim_keeps_checkpoints_for_the_next_attempt(connection):
    ledger = Ledger(connection)
    first = ledger.claim(context(fence=3))
    assert first.checkpoint is None and not first.done
    first.save({"line": 40})
    connection.commit()
    second = ledger.claim(context(fence=7, attempt=2))
    assert second.checkpoint == {"line": 40}
    second.finish({"lines": 90})
    connection.commit()
    third = ledger.claim(context(fence=9, attempt=3))
    assert third.done and third.checkpoint == {"lines": 90}


def test_an_older_attempt_can_neither_claim_nor_write(connection):
    ledger = Ledger(connection)
    old = ledger.claim(context(fence=3))
    ledger.claim(context(fence=7, attempt=2))
    with pytest.raises(Stale):
        old.save({})
    with pytest.raises(Stale):
        old.finish({})
    with pytest.raises(Stale):
        ledger.claim(context(fence=3))
