import Glibc
import SystemSupport
import TestServers
import Testing

/// A real ZooKeeper, alone or an ensemble of three, on free loopback ports.
final class ZooKeeperServer {
  let directory: FilePath
  /// The ports for clients, by server.
  let ports: [Int]
  private var processes: [Int: ServerProcess] = [:]
  let python: String

  var hosts: String { ports.map { "127.0.0.1:\($0)" }.joined(separator: ",") }

  init(servers: Int = 1) throws {
    directory = try FileSystem.makeTemporaryDirectory(prefix: "zookeeper")
    var free = try LoopbackPorts.free(servers * 3)
    ports = Array(free.prefix(servers))
    free.removeFirst(servers)
    python = try Self.kazoo()
    for number in 0..<servers {
      let data = directory.appending("data\(number)")
      try FileSystem.createDirectories(data)
      try FileSystem.createDirectories(directory.appending("conf\(number)"))
      var lines = [
        "tickTime=500", "initLimit=20", "syncLimit=10", "dataDir=\(data)", "admin.enableServer=false",
        "4lw.commands.whitelist=*", "minSessionTimeout=1000",
      ]
      if servers == 1 {
        lines += ["clientPort=\(ports[0])", "clientPortAddress=127.0.0.1"]
      } else {
        try FileSystem.write(text: "\(number + 1)\n", to: data.appending("myid"))
        for other in 0..<servers {
          lines.append(
            "server.\(other + 1)=127.0.0.1:\(free[other * 2]):\(free[other * 2 + 1]):participant;127.0.0.1:\(ports[other])"
          )
        }
      }
      try FileSystem.write(text: lines.joined(separator: "\n") + "\n", to: directory.appending("zoo\(number).cfg"))
      try start(number)
    }
    try waitUntil("ZooKeeper serves") { try (0..<servers).allSatisfy { try mode($0) != nil } }
  }

  deinit {
    processes = [:]
    do { try FileSystem.removeTree(directory) } catch { Issue.record("cannot clean up: \(error)") }
  }

  func start(_ number: Int) throws {
    try #require(
      FileSystem.exists("/usr/share/java/zookeeper.jar"), "ZooKeeper is missing: apt-get install libzookeeper-java")
    processes[number] = try ServerProcess(
      "java", package: "default-jre-headless", in: directory,
      [
        "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
        "\(directory)/conf\(number):/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar",
        "org.apache.zookeeper.server.quorum.QuorumPeerMain", directory.appending("zoo\(number).cfg").string,
      ], log: "log\(number)", environment: environmentStrings())
  }

  func stop(_ number: Int = 0) {
    processes.removeValue(forKey: number)?.stop()
  }

  /// What a server is: `standalone`, `leader` or `follower`; nil while it does not serve.
  func mode(_ number: Int) throws -> String? {
    let text = """
      import socket, sys
      try:
          with socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5) as one:
              one.sendall(b'srvr')
              print(one.makefile().read())
      except OSError:
          pass
      """
    let outcome = try Subprocess("python3", ["-c", text, "\(ports[number])"], environment: environmentStrings()).run()
    return outcome.text.split(separator: "\n").first { $0.hasPrefix("Mode: ") }.map { String($0.dropFirst(6)) }
  }

  /// Runs Python with a kazoo client `z` and returns what it printed.
  func kazoo(_ body: String, auth: String? = nil) throws -> String {
    let credentials = auth.map { ", auth_data=[('digest', '\($0)')]" } ?? ""
    let text = """
      import json, sys, time
      from kazoo.client import KazooClient
      from kazoo.exceptions import *
      z = KazooClient(hosts=sys.argv[1]\(credentials))
      z.start(30)
      \(body)
      """
    let outcome = try Subprocess(python, ["-c", text, hosts], environment: environmentStrings()).run()
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
    return outcome.text
  }

  private static func kazoo() throws -> String {
    var root = FilePath(#filePath)
    for _ in 0..<3 { root = root.removingLastComponent() }
    let outcome = try Subprocess(root.appending("scripts/lib/kazoo").string, [], environment: environmentStrings())
      .run()
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
    return String(outcome.text.split(separator: "\n").last ?? "")
  }
}

/// The built `kilt-zookeeper`, talked to in lines.
final class ZooKeeperProgram {
  private let process: ConversingProcess
  private(set) var lines: [JSONLine] = []

  typealias JSONLine = String

  init(_ arguments: [String]) throws {
    let program = try executablePath().removingLastComponent().appending("kilt-zookeeper")
    try #require(FileSystem.isExecutable(program), "no kilt-zookeeper beside the tests")
    process = try ConversingProcess(
      Subprocess(program.string, arguments, environment: environmentStrings()), errorOutput: FileDescriptor(rawValue: 2)
    )
  }

  func send(_ line: String) throws { try process.send(line: line) }

  /// Waits for a line that has a text, and returns it.
  func wait(for text: String) throws -> String {
    let deadline = monotonicNanoseconds() + 90_000_000_000
    while true {
      switch try process.receive(before: deadline) {
      case .line(let bytes):
        let line = String(decoding: bytes, as: UTF8.self)
        lines.append(line)
        if line.contains(text) { return line }
      case .late, .ended:
        Issue.record("never said: \(text); said: \(lines)")
        throw TestFailure()
      }
    }
  }

  func end() { process.end(within: 20_000) }

  /// Sends it a signal.
  func signal(_ number: Int32) { Glibc.kill(process.pid, number) }

  /// Kills it, so that nothing is taken back.
  func kill() {
    Glibc.kill(process.pid, SIGKILL)
    process.end(within: 5000)
  }
}
