import pytest

from workers.igor.queue import Queue, queue_names


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(tmp_path, clock):
    queue = Queue(str(tmp_path / "q"), "mail", lease_seconds=60, max_attempts=2, clock=clock)
    yield queue
    queue.close()


def test_first_in_first_out(queue):
    queue.put({"n": 1})
    queue.put({"n": 2})
    assert [queue.take().body["n"], queue.take().body["n"], queue.take()] == [1, 2, None]


def test_a_taken_message_belongs_to_one_taker_until_its_lease_ends(queue, clock):
    queue.put("x")
    assert queue.take().attempts == 1
    assert queue.take() is None
    clock.now += 60
    assert queue.take().attempts == 2


def test_a_message_that_keeps_failing_is_set_aside(queue):
    queue.put("x")
    queue.failed(queue.take(), "boom")
    assert queue.counts() == {"waiting": 1, "failed": 0}
    queue.failed(queue.take(), "boom")
    assert queue.counts() == {"waiting": 0, "failed": 1}
    assert queue.take() is None


def test_queues_do_not_mix(queue, tmp_path):
    other = Queue(str(tmp_path / "q"), "other")
    other.put("y")
    assert queue.take() is None
    assert queue_names(str(tmp_path / "q")) == ["other"]
    other.close()
