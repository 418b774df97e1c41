"""Keeps a word index of documents, for search."""

import re
import sqlite3


class IndexDocument:
    def __init__(self, index="index.sqlite3"):
        self._connection = sqlite3.connect(index, timeout=30)
        self._connection.execute(
            "create table if not exists words (word, document, count, primary key (word, document))"
        )

    def run(self, body):
        counts = {}
        for word in re.findall(r"\w+", body["text"].lower()):
            counts[word] = counts.get(word, 0) + 1
        with self._connection:
            self._connection.execute("delete from words where document = ?", (body["id"],))
            self._connection.executemany(
                "insert into words values (?, ?, ?)",
                [(word, body["id"], count) for word, count in sorted(counts.items())],
            )
        return {"document": body["id"], "words": len(counts)}

    def search(self, word):
        rows = self._connection.execute(
            "select document from words where word = ? order by count desc, document", (word.lower(),)
        )
        return [row[0] for row in rows]

    def close(self):
        self._connection.close()
