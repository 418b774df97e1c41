"""Compresses log files of a directory that are older than an age."""

import gzip
import os
import shutil
import time


class CompressLogs:
    def __init__(self, min_age_seconds="86400"):
        self._min_age = float(min_age_seconds)

    def run(self, body):
        compressed = []
        for name in sorted(os.listdir(body["directory"])):
            path = os.path.join(body["directory"], name)
            if not name.endswith(".log") or time.time() - os.stat(path).st_mtime < self._min_age:
                continue
            with open(path, "rb") as source, gzip.open(path + ".gz.part", "wb") as target:
                shutil.copyfileobj(source, target)
            os.rename(path + ".gz.part", path + ".gz")
            os.remove(path)
            compressed.append(name)
        return {"compressed": compressed}
