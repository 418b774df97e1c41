import pytest
import requests

from lib.auth import issue
from lib.memcache_utils import LocalCache
from lib.sharknado import Api, serve_in_background
from services.fiddler.app import load_constants, make_api


def start(api):
    return f"http://127.0.0.1:{serve_in_background(api, '127.0.0.1', 0, threads=2)}"


@pytest.fixture
def eightball():
    api = Api("eightball stand-in")
    api.asked = []

    @api.get("/shake")
    def shake(request):
        api.asked.append(request.query.question)
        return {"answer": "yes"}

    api.url = start(api)
    return api


@pytest.fixture
def base(eightball):
    return start(make_api(LocalCache(), eightball.url, secret="s3cret"))


def test_health(base):
    answer = requests.get(base + "/health", timeout=10)
    assert (answer.status_code, answer.text) == (200, "ok")


def test_constants_come_from_the_resource(base):
    assert requests.get(base + "/constants", timeout=10).json() == load_constants()
    assert requests.get(base + "/constants/tuning_hz", timeout=10).json() == {"tuning_hz": 440.0}
    assert "tuning_hz" in requests.get(base + "/constants/nope", timeout=10).json()["error"]


def test_ask_asks_the_eightball_once_a_question(base, eightball):
    for _ in range(2):
        answer = requests.get(base + "/ask", params={"question": "ship it?"}, timeout=10)
        assert answer.json() == {"question": "ship it?", "answer": "yes"}
    assert eightball.asked == ["ship it?"]


def test_an_eightball_that_is_away_is_a_bad_gateway():
    base = start(make_api(LocalCache(), "http://127.0.0.1:1"))
    assert requests.get(base + "/ask?question=x", timeout=10).status_code == 502


def test_whoami_wants_a_good_token(base):
    def status(token):
        return requests.get(base + "/whoami", headers={"Authorization": "Bearer " + token}, timeout=10)

    assert status(issue("ann", "s3cret")).json() == {"user": "ann"}
    assert status(issue("ann", "other")).status_code == 403
    assert requests.get(base + "/whoami", timeout=10).status_code == 401
