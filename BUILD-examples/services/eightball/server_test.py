import requests

from lib.memcache_utils import LocalCache
from lib.sharknado import serve_in_background
from services.eightball.answers import answer, load_answers
from services.eightball.server import make_api


def test_the_same_question_gets_the_same_answer():
    answers = load_answers()
    assert answer("Will it scale?", answers) == answer("  will it scale?", answers)
    assert len({answer(str(n), answers) for n in range(200)}) == len(answers)


def test_shake():
    base = f"http://127.0.0.1:{serve_in_background(make_api(LocalCache()), '127.0.0.1', 0)}"
    first = requests.get(base + "/shake?question=ready", timeout=10).json()
    assert first == requests.get(base + "/shake?question=ready", timeout=10).json()
    assert first["answer"] in load_answers()
    assert requests.get(base + "/shake", timeout=10).status_code == 400
