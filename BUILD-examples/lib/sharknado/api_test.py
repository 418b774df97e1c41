import json
import urllib.error
import urllib.request

import pytest

from lib.sharknado import Api, HttpError, serve_in_background


@pytest.fixture
def base(monkeypatch):
    monkeypatch.setenv("KILT_COMMIT", "3f2c9d1e8a7b")
    api = Api("test")

    @api.get("/double/<number:int>")
    def double(request, number):
        return {"result": number * 2}

    @api.post("/echo")
    def echo(request):
        return {"body": request.json}

    @api.get("/fail")
    def fail(request):
        raise HttpError(409, "not now")

    return f"http://127.0.0.1:{serve_in_background(api, '127.0.0.1', 0)}"


def fetch(url, body=None):
    request = urllib.request.Request(url)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_health_is_ok(base):
    assert fetch(base + "/health") == (200, "ok")


def test_version_shows_the_commit(base):
    assert json.loads(fetch(base + "/version")[1])["commit"] == "3f2c9d1e8a7b"


def test_handlers_speak_json(base):
    assert fetch(base + "/double/21") == (200, '{"result": 42}\n')
    assert fetch(base + "/echo", {"a": 1}) == (200, '{"body": {"a": 1}}\n')


def test_errors_are_json_too(base):
    assert fetch(base + "/fail") == (409, '{"error": "not now"}\n')
    assert fetch(base + "/nowhere")[0] == 404


def test_a_service_that_is_not_well_says_so():
    api = Api("ill", health=lambda: "no database")
    base = f"http://127.0.0.1:{serve_in_background(api, '127.0.0.1', 0)}"
    assert fetch(base + "/health") == (503, "no database")
