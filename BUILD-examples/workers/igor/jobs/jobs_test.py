import csv
import gzip
import os

import pytest

from lib.auth import issue
from lib.sharknado import Api, serve_in_background
from workers.igor.jobs.check_config import CheckConfig
from workers.igor.jobs.compress_logs import CompressLogs
from workers.igor.jobs.count_pageviews import CountPageviews
from workers.igor.jobs.daily_digest import DailyDigest
from workers.igor.jobs.expire_sessions import ExpireSessions
from workers.igor.jobs.export_csv import ExportCsv
from workers.igor.jobs.fetch_page import FetchPage, title
from workers.igor.jobs.index_document import IndexDocument
from workers.igor.jobs.send_email import SendEmail
from workers.igor.jobs.warm_cache import WarmCache


def test_send_email(tmp_path):
    result = SendEmail(outbox=str(tmp_path)).run({"to": "ann@acme.example", "subject": "Hi", "text": "there"})
    with open(result["outbox"]) as file:
        text = file.read()
    assert "To: ann@acme.example" in text and "there" in text
    assert len(os.listdir(str(tmp_path))) == 1


def test_fetch_page():
    api = Api("web")

    @api.get("/page")
    def page(request):
        return "<title>A\n page</title>"

    url = f"http://127.0.0.1:{serve_in_background(api, '127.0.0.1', 0)}/page"
    assert FetchPage().run({"url": url})["url"] == url
    assert title("<TITLE>Q &amp;\n A</TITLE>") == "Q & A"
    assert title("none") == ""


def test_index_document(tmp_path):
    job = IndexDocument(index=str(tmp_path / "index"))
    job.run({"id": "a", "text": "the cat sat"})
    job.run({"id": "b", "text": "the cat and the dog"})
    job.run({"id": "a", "text": "the cat sat again"})
    assert job.search("the") == ["b", "a"]
    assert job.search("again") == ["a"]
    job.close()


def test_count_pageviews():
    job = CountPageviews()
    job.run({"url": "http://a.example/x", "at": 0})
    assert job.run({"url": "http://a.example/y", "at": 3599, "views": 2})["views"] == 3
    assert job.run({"url": "http://a.example/y", "at": 3600})["hour"] == "1970-01-01T01"


def test_daily_digest():
    body = {"reader": "Ann", "headlines": [{"score": 1, "text": "minor"}, {"score": 9, "text": "major"}]}
    assert DailyDigest(max_headlines="1").run(body)["digest"].endswith("\n1. major")


def test_export_csv(tmp_path):
    result = ExportCsv(str(tmp_path)).run({"name": "t", "columns": ["a", "b"], "rows": [{"a": 1, "b": 2, "c": 3}]})
    with open(result["file"]) as file:
        assert list(csv.reader(file)) == [["a", "b"], ["1", "2"]]
    with pytest.raises(ValueError):
        ExportCsv(str(tmp_path)).run({"name": "../t", "columns": [], "rows": []})


def test_compress_logs(tmp_path):
    old = tmp_path / "old.log"
    old.write_text("lines\n")
    os.utime(str(old), (0, 0))
    (tmp_path / "new.log").write_text("more\n")
    assert CompressLogs().run({"directory": str(tmp_path)}) == {"compressed": ["old.log"]}
    assert sorted(os.listdir(str(tmp_path))) == ["new.log", "old.log.gz"]
    with gzip.open(str(tmp_path / "old.log.gz"), "rt") as file:
        assert file.read() == "lines\n"


def test_expire_sessions():
    sessions = {"good": issue("ann", "s"), "old": issue("bob", "s", lifetime_seconds=-1), "odd": "x"}
    assert ExpireSessions(secret="s").run({"sessions": sessions}) == {"expired": ["odd", "old"], "kept": 1}


def test_warm_cache():
    job = WarmCache()
    assert job.run({"entries": {"a": [1, 2], "b": "x"}}) == {"warmed": 2}
    assert job.cache.get("a") == [1, 2]


def test_check_config():
    def problems(text):
        return CheckConfig().run({"yaml": text})["problems"]

    assert problems("{name: a, domains: [a.example], plan: free}") == []
    assert problems("{name: a, domains: a.example}") == ["domains is not a list", "plan is missing"]
    assert problems("- a") == ["not a mapping"]
    assert problems("{")[0].startswith("not YAML")
