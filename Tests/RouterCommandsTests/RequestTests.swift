import Glibc
import JSON
import SystemSupport
import Testing

@testable import RouterCommands

/// Requests while instances move: the short form of Benchmarks/routing/check.
@Suite struct RequestTests {
  @Test("A rolling update under load loses no request", .enabled(if: getuid() == 0, "needs root"))
  func rollingUpdate() throws {
    try #require(
      Subprocess.find("haproxy") != nil || FileSystem.isExecutable("/usr/sbin/haproxy"),
      "'haproxy' is missing: apt-get install haproxy")
    let programs = try executablePath().removingLastComponent()
    // .build/PLATFORM/debug is in the directory of the package.
    var root = try FileSystem.currentDirectory()
    while !FileSystem.exists(root.appending("Benchmarks/routing/check")), root.components.count > 1 {
      root = root.removingLastComponent()
    }
    let check = Subprocess(
      "python3",
      [
        root.appending("Benchmarks/routing/check").string, "--programs", programs.string, "--short", "--only",
        "rolling_update", "--requests", "3000", "--post", "10",
      ], environment: environmentStrings())
    let outcome = try check.run()
    #expect(outcome.termination.isSuccess, "\(outcome.errorText)\(outcome.text)")
    let report = try JSONValue(parsing: Array(outcome.text.utf8))
    #expect(report["load"]?["failed"]?.int == 0 && (report["load"]?["answered"]?.int ?? 0) >= 3000)
    // Both releases answered: the update took place under the load.
    #expect(report["load"]?["bodies"]?.object?.names.sorted() == ["release 1", "release 2"])
  }
}

@Suite struct RouterViewTests {
  @Test("The view lists routes with targets, shares, and reasons of excluded instances")
  func lines() throws {
    let status = try JSONValue(
      parsing: Array(
        """
        {"running": true, "sources": [{"kind": "scheduler", "name": "unix:/s", "reachable": false, "problem": "no answer"}],
         "routes_file": {"path": "/r", "applies": true}, "haproxy": {"worker": 5, "reloads": 1},
         "routes": [{"name": "web", "access": "public", "mode": "http", "listen": ["*:80"], "hosts": ["a.example.com"],
           "path": "/api", "backend": "kilt_web", "jobs": ["a/b/c/d"], "port": "public", "servers": [
             {"server": "s1", "address": "127.0.0.1", "port": 31000, "weight": 192, "shard": 0, "release": 2},
             {"server": "s2", "address": "127.0.0.1", "port": 31001, "weight": 64, "shard": 1, "release": 3}],
           "notes": ["instance 2 of a/b/c/d: the task is STARTING"]}]}
        """.utf8))
    let view = RouterView(
      status: status, statistics: [["pxname": "kilt_web", "svname": "s1", "status": "UP", "scur": "3"]])
    #expect(view.isOutOfStep)
    #expect(
      view.lines == [
        "the router runs",
        "  follows the scheduler unix:/s, which cannot be reached; its last known instances stay: no answer",
        "web (public)  *:80 a.example.com /api  -> a/b/c/d port public",
        "    127.0.0.1:31000  instance 0  release 2  75%  UP  3 open",
        "    127.0.0.1:31001  instance 1  release 3  25%",
        "    left out: instance 2 of a/b/c/d: the task is STARTING",
      ])
  }
}
