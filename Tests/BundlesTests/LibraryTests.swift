import Bundles
import Glibc
import SystemSupport
import Testing

/// Libraries that start Pythons of their own, in the releases that the index has today.
@Suite("Libraries that start Python processes")
struct LibraryTests {
  @Test("scikit-learn with n_jobs=2, and ProcessPoolExecutor with every start method", arguments: ["app", "app:main"])
  func science(entry: String) throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let wheels = try RealWheels.wheels(["scikit-learn"], in: "-science", atLeast: 5, for: python)
    let source = """
      import multiprocessing
      from concurrent.futures import ProcessPoolExecutor

      def double(x):
          import own
          return own.factor * x

      def main():
          import numpy
          from joblib import Parallel, delayed
          from sklearn.linear_model import LogisticRegression
          from sklearn.model_selection import cross_val_score
          points = numpy.random.RandomState(0).rand(60, 3)
          print(len(cross_val_score(LogisticRegression(), points, points[:, 0] > 0.5, cv=3, n_jobs=2)))
          print(Parallel(n_jobs=2)(delayed(double)(x) for x in range(4)))
          for method in sorted(multiprocessing.get_all_start_methods()):
              with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
                  print(method, list(pool.map(double, range(3))))
          # As torch.multiprocessing.spawn does it: processes of the start method spawn, joined in turn.
          context = multiprocessing.get_context("spawn")
          queue = context.SimpleQueue()
          processes = [context.Process(target=rank, args=(n, queue)) for n in range(2)]
          for process in processes: process.start()
          for process in processes: process.join()
          print(sorted(queue.get() for _ in processes), [process.exitcode for process in processes])

      def rank(n, queue):
          queue.put(double(n))

      if __name__ == "__main__":
          main()

      """
    let bundle = try scratch.build(entry: entry, sources: ["app.py": source, "own.py": "factor = 2\n"], wheels: wheels)
    let outcome = try scratch.run(bundle.path)
    #expect(
      outcome.text == """
        3
        [0, 2, 4, 6]
        fork [0, 2, 4]
        forkserver [0, 2, 4]
        spawn [0, 2, 4]
        [0, 2] [0, 0]
        """, "\(outcome.errorText)")
  }

  @Test("celery with the pool prefork runs tasks and restarts on SIGHUP, as console script and as module")
  func celery() throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let wheels = try RealWheels.wheels(["celery[sqlalchemy]"], in: "-celery", atLeast: 8, for: python)
    let tasks = """
      import os
      from celery import Celery
      here = os.environ["QUEUE"]
      app = Celery("tasks", broker="filesystem://", backend="file://" + here)
      app.conf.update(broker_transport_options={
          "data_folder_in": here, "data_folder_out": here, "processed_folder": here, "control_folder": here})

      @app.task
      def add(x, y):
          return [x + y, os.getpid() != os.getppid()]

      """
    let client = """
      import sys, tasks
      print(tasks.add.delay(2, 3).get(timeout=120))

      """
    let bundle = try scratch.build("worker.pex", sources: ["tasks.py": tasks, "client.py": client], wheels: wheels) {
      $0.entryPoint = .script("celery")
    }
    let queue = scratch.path.appending("queue")
    try FileSystem.createDirectories(queue)
    let log = scratch.path.appending("log")
    var starts = 0
    for variables in [[:], ["PEX_MODULE": "celery"]] {
      let environment = ["QUEUE": queue.string].merging(variables) { $1 }
      let command =
        "exec '\(bundle.path)' -A tasks worker --pool prefork -c 2 --without-gossip --without-mingle --without-heartbeat "
        + ">>'\(log)' 2>&1 & echo $!"
      let started = try scratch.run("/bin/sh", ["-c", command], environment: environment)
      let pid = try #require(pid_t(started.text), "\(started.errorText)")
      defer { kill(pid, SIGKILL) }
      for signal in [0, SIGHUP] {
        if signal != 0 {
          kill(pid, signal)
          // Until it has become a new one, the old one may still answer.
          let deadline = monotonicNanoseconds() + 120_000_000_000
          while try FileSystem.readText(log).split(separator: "> transport:").count < starts + 2 {
            let said = try FileSystem.readText(log)
            try #require(monotonicNanoseconds() < deadline, "the worker did not start again: \(said)")
            usleep(20_000)
          }
        }
        starts += 1
        let answer = try scratch.run(bundle.path, environment: ["QUEUE": queue.string, "PEX_MODULE": "client"])
        let said = try FileSystem.readText(log)
        #expect(answer.text == "[5, True]", "\(answer.errorText)\n\(said)")
      }
      kill(pid, SIGTERM)
      try waitForEnd(of: pid)
    }
    let trees = try Subprocess("find", [scratch.home.string, "-name", "kilt_start"]).run().text
    #expect(trees.split(separator: "\n").count == 1, "\(trees)")
  }

  @Test("gunicorn's SIGUSR2 starts a second master with the same interpreter and arguments, and that one a third")
  func gunicorn() throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let wheels = try RealWheels.wheels(["gunicorn"], in: "-gunicorn", atLeast: 2, for: python)
    let source = """
      import os, sys
      def app(environ, start):
          start("200 OK", [])
          return [repr((sys.executable, sys.argv)).encode()]

      """
    let bundle = try scratch.build("web.pex", sources: ["web.py": source], wheels: wheels) {
      $0.entryPoint = .script("gunicorn")
    }
    let socket = scratch.path.appending("s"), file = scratch.path.appending("pid"), log = scratch.path.appending("log")
    let command =
      "exec '\(bundle.path)' --bind unix:\(socket) --pid '\(file)' --workers 1 web:app >>'\(log)' 2>&1 & echo $!"
    var pid = try #require(pid_t(try scratch.run("/bin/sh", ["-c", command]).text))
    defer { kill(pid, SIGKILL) }
    var answers: Set<String> = []
    for turn in 0..<3 {
      if turn > 0 {
        kill(pid, SIGUSR2)
        let next = try waitForNumber(in: FilePath("\(file).2"), other: pid, log: log)
        kill(pid, SIGTERM)
        try waitForEnd(of: pid)
        pid = next
        // Only then does it take itself for the first one, whose signals count.
        _ = try waitForNumber(in: file, is: next, log: log)
      }
      answers.insert(try answer(socket, log: log))
    }
    #expect(answers.count == 1, "\(answers)")
    #expect(answers.first?.contains(bundle.path.string) == true, "\(answers)")
  }

  // MARK: Waiting for states

  private func waitForEnd(of pid: pid_t) throws {
    var status: Int32 = 0
    while kill(pid, 0) == 0 {
      // Its parent, the shell, has ended; whoever inherits it reaps it.
      waitpid(pid, &status, WNOHANG)
      if try FileSystem.readText(FilePath("/proc/\(pid)/stat")).contains(") Z ") { return }
      usleep(20_000)
    }
  }

  /// Waits until a file holds the number of a process: the one that is named, or any but the other one, which lives.
  private func waitForNumber(
    in file: FilePath, is wanted: pid_t? = nil, other: pid_t? = nil, log: FilePath
  ) throws -> pid_t {
    while true {
      // One that is being written is read again.
      let text = FileSystem.exists(file) ? try? FileSystem.readText(file) : nil
      if let pid = text.flatMap({ pid_t($0.split(separator: "\n").first ?? "") }), pid != other, wanted ?? pid == pid {
        return pid
      }
      let said = try FileSystem.readText(log)
      try #require(kill(wanted ?? other ?? 0, 0) == 0, "the process has ended: \(said)")
      usleep(20_000)
    }
  }

  /// What the server says, once it says something.
  private func answer(_ socket: FilePath, log: FilePath) throws -> String {
    while true {
      let outcome = try Subprocess("curl", ["-s", "--unix-socket", socket.string, "http://localhost/"]).run()
      if outcome.termination.isSuccess, !outcome.text.isEmpty { return outcome.text }
      usleep(50_000)
    }
  }
}
