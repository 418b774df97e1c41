import os
import sqlite3
from contextlib import closing

import pytest

from lib.deepwater import Context, main
from pipelines.pageviews.steps import PIPELINE, FindLogs, Join, Rollup, bucket

LINE = "2024-02-29T12:0%d:00Z GET %s %d\n"


@pytest.fixture
def parameters(tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.log").write_text(LINE % (1, "/", 200) + LINE % (4, "/", 200) + LINE % (6, "/", 200))
    (logs / "b.log").write_text(LINE % (2, "/", 200) + LINE % (2, "/x", 200) + LINE % (2, "/x", 404))
    (tmp_path / "pages.csv").write_text("path,title\n/,Home\n")
    return {"logs": str(logs), "pages": str(tmp_path / "pages.csv"), "database": str(tmp_path / "views.sqlite3")}


def run(step, parameters, partition="", fence=1, inputs=None):
    values = {
        "run": "r",
        "partition": partition,
        "parameters": parameters,
        "inputs": inputs or {},
        "attempt": fence,
        "idempotency_key": f"r/{step.name()}/{partition}",
        "fence": fence,
    }
    return step(Context(values, "unused")).run(partition or None)


def test_the_pipeline_file_is_up_to_date():
    assert main(PIPELINE, ["write", os.path.join(os.path.dirname(__file__), "pageviews.yaml"), "--check"]) == 0


def test_a_bucket_is_five_minutes():
    assert bucket("2024-02-29T12:04:59Z") == "2024-02-29T12:00Z"
    assert bucket("2024-02-29T12:05:00Z") == "2024-02-29T12:05Z"


def test_the_views_of_all_files_are_joined(parameters):
    files = run(FindLogs, parameters)["files"]
    assert files == ["a.log", "b.log"]
    outputs = [{"partition": name, "output": run(Rollup, parameters, name)} for name in files]
    assert run(Join, parameters, inputs={"rollup": outputs}) == {"rows": 3, "views": 5}
    with closing(sqlite3.connect(parameters["database"])) as connection:
        rows = connection.execute("SELECT * FROM pageviews ORDER BY bucket, path").fetchall()
    assert rows == [
        ("2024-02-29T12:00Z", "/", "Home", 3),
        ("2024-02-29T12:00Z", "/x", "/x", 1),
        ("2024-02-29T12:05Z", "/", "Home", 1),
    ]


def test_an_attempt_that_is_repeated_counts_once(parameters):
    assert run(Rollup, parameters, "a.log", fence=1) == run(Rollup, parameters, "a.log", fence=2) == {"views": 3}
    with closing(sqlite3.connect(parameters["database"])) as connection:
        views = connection.execute("SELECT sum(views) FROM rollups").fetchone()
    assert views == (3,)


def test_a_damaged_file_is_named_with_its_line(parameters):
    with open(os.path.join(parameters["logs"], "a.log"), "a") as file:
        file.write("torn\n")
    with pytest.raises(SystemExit, match="a.log:4"):
        run(Rollup, parameters, "a.log")
