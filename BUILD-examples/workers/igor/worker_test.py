import pytest

from workers.igor.queue import Queue
from workers.igor.worker import Worker, load_job


class Doubler:
    def run(self, body):
        return {"result": body["n"] * 2}


def test_messages_are_worked_on_and_bad_ones_set_aside(tmp_path):
    queue = Queue(str(tmp_path / "q"), "numbers", max_attempts=1)
    queue.put({"n": 21})
    queue.put({"m": 21})
    worker = Worker(queue, Doubler())
    while worker.run_one():
        pass
    assert worker.processed == 2
    assert queue.counts() == {"waiting": 0, "failed": 1}
    queue.close()


def test_stop_ends_the_loop(tmp_path):
    queue = Queue(str(tmp_path / "q"), "numbers")
    worker = Worker(queue, Doubler())
    worker.stop()
    worker.run()
    assert worker.processed == 0
    queue.close()


def test_a_job_that_does_not_exist_is_named():
    assert load_job("workers.igor.jobs.send_email:SendEmail").__name__ == "SendEmail"
    with pytest.raises(SystemExit, match="no job 'workers.igor.jobs.send_email:Nope'"):
        load_job("workers.igor.jobs.send_email:Nope")
    with pytest.raises(SystemExit, match="no job"):
        load_job("workers.igor.jobs.nope:Nope")
