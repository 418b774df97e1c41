"""Writes rows to a CSV file."""

import csv
import os


class ExportCsv:
    def __init__(self, directory="exports"):
        self._directory = directory

    def run(self, body):
        if os.path.basename(body["name"]) != body["name"]:
            raise ValueError("an export's name is a file name: {!r}".format(body["name"]))
        os.makedirs(self._directory, exist_ok=True)
        path = os.path.join(self._directory, body["name"] + ".csv")
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=body["columns"], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(body["rows"])
        return {"file": path, "rows": len(body["rows"])}
