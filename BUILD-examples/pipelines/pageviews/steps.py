"""Page views from web logs: one rollup a log file, by five minutes, joined with the titles of the pages."""

import csv
import datetime
import os
import sqlite3
from contextlib import closing

from lib.deepwater import From, Ledger, Parameter, Pipeline, Step


def connect(context):
    """The database that all steps write to. A step waits while another one writes."""
    connection = sqlite3.connect(context.parameters["database"], timeout=60, isolation_level="IMMEDIATE")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS rollups (run TEXT, file TEXT, bucket TEXT, path TEXT, views INTEGER NOT NULL,"
        " PRIMARY KEY (run, file, bucket, path))"
    )
    connection.execute(
        "CREATE TABLE IF NOT EXISTS pageviews (bucket TEXT, path TEXT, title TEXT, views INTEGER NOT NULL,"
        " PRIMARY KEY (bucket, path))"
    )
    connection.commit()
    return connection


def bucket(time):
    """The five minutes that a time such as 2024-02-29T12:03:04Z is in."""
    moment = datetime.datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ")
    return moment.replace(minute=moment.minute // 5 * 5, second=0).strftime("%Y-%m-%dT%H:%MZ")


class FindLogs(Step):
    """Lists the log files: one partition of the rollup for each."""

    def run(self, partition):
        directory = self.context.parameters["logs"]
        files = sorted(name for name in os.listdir(directory) if name.endswith(".log"))
        return {"files": files}


class Rollup(Step):
    """Counts the successful views of one log file, by page and five minutes."""

    partitions = From(FindLogs, "files")
    resources = {"cpu": 0.5, "ram": "128MB"}
    retries = 2
    retry_delay = "1s"
    timeout = "10m"
    on_failure = "continue"

    def run(self, partition):
        counts = {}
        with open(os.path.join(self.context.parameters["logs"], partition)) as file:
            for number, line in enumerate(file, 1):
                try:
                    time, _, path, status = line.split()
                    key = (bucket(time), path)
                except ValueError:
                    raise SystemExit(f"{partition}:{number}: not a log line: {line.rstrip()!r}")
                if status == "200":
                    counts[key] = counts.get(key, 0) + 1
        with closing(connect(self.context)) as connection:
            ledger = Ledger(connection)
            with connection:
                claim = ledger.claim(self.context)
                if not claim.done:
                    run = self.context.values["run"]
                    connection.executemany(
                        "INSERT INTO rollups (run, file, bucket, path, views) VALUES (?, ?, ?, ?, ?)",
                        [(run, partition, when, path, views) for (when, path), views in sorted(counts.items())],
                    )
                    claim.finish({"views": sum(counts.values())})
                return claim.checkpoint


class Join(Step):
    """Adds the rollups of the run up, with the title of each page."""

    after = (Rollup,)

    def run(self, partition):
        with open(self.context.parameters["pages"]) as file:
            titles = {row["path"]: row["title"] for row in csv.DictReader(file)}
        with closing(connect(self.context)) as connection, connection:
            rows = connection.execute(
                "SELECT bucket, path, sum(views) FROM rollups WHERE run = ? GROUP BY bucket, path ORDER BY bucket, path",
                (self.context.values["run"],),
            ).fetchall()
            connection.executemany(
                "INSERT INTO pageviews (bucket, path, title, views) VALUES (?, ?, ?, ?) ON CONFLICT (bucket, path)"
                " DO UPDATE SET title = excluded.title, views = excluded.views",
                [(when, path, titles.get(path, path), views) for when, path, views in rows],
            )
        expected = sum(output["views"] for output in self.context.outputs(Rollup))
        views = sum(row[2] for row in rows)
        if views != expected:
            raise SystemExit(f"the rollups have {views} views, but their steps counted {expected}")
        return {"rows": len(rows), "views": views}


PIPELINE = Pipeline(
    name="pageviews",
    role="www-data",
    artifact="pageviews",
    steps=[FindLogs, Rollup, Join],
    parameters={
        "logs": Parameter(description="Directory with the log files"),
        "pages": Parameter(description="CSV file with the columns path and title"),
        "database": Parameter(description="SQLite file for the results"),
    },
)
