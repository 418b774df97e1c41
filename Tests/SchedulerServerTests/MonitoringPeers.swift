import Glibc
import HTTPClient
import JSON
import SchedulerClient
import SystemSupport
import Testing

/// A program that a test starts on loopback, and that ends with the test.
final class PeerProcess {
  let directory: FilePath
  private let pid: pid_t

  /// - Parameter package: the Debian package of the program, for the message when it is missing.
  init(_ program: String, package: String, in directory: FilePath, _ arguments: [String]) throws {
    self.directory = directory
    let path = try #require(Subprocess.find(program), "'\(program)' is missing: apt-get install \(package)")
    let log = try FileSystem.open(
      directory.appending("\(program).log"), .writeOnly, options: [.create, .append])
    defer { FileSystem.close(log) }
    pid = try spawnDetached(path, arguments, environment: ["HOME=\(directory)", "PATH=/usr/bin:/bin"], output: log)
  }

  deinit {
    kill(pid, SIGKILL)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
  }

  /// A port of loopback that nothing listens on now.
  static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    try #require(isBound)
    return Int(UInt16(bigEndian: address.sin_port))
  }
}

/// A configuration file of a scheduler, which goes with the test.
final class ConfigurationFile {
  private let directory: FilePath
  var path: String { directory.appending("kilt.toml").string }

  init(_ text: String) throws {
    directory = try FileSystem.makeTemporaryDirectory(prefix: "configuration")
    try FileSystem.write(text: text + "\n", to: directory.appending("kilt.toml"))
  }

  deinit { try? FileSystem.removeTree(directory) }
}

/// A real Prometheus that scrapes a scheduler over TCP with a token.
final class PrometheusServer {
  let address: String
  private let process: PeerProcess

  /// - Parameters:
  ///   - rules: the file of alerting rules.
  ///   - discovery: whether it finds tasks by the scheduler's catalogue, too.
  ///   - port: the name of the port that it scrapes there; nil for the primary one.
  init(
    scraping fixture: SchedulerFixture, rules: FilePath? = nil, discovery: Bool = false, port name: String? = nil
  ) throws {
    let directory = fixture.scratch.appending("prometheus")
    try FileSystem.createDirectories(directory)
    let token = try #require(
      fixture.client().createToken(name: "prometheus", rights: ["read"], lifetimeSeconds: nil)["token"]?.string)
    let host = try #require(fixture.address.split(separator: "/").last)
    let configuration = directory.appending("prometheus.yml")
    let discovered =
      discovery
      ? """

        - job_name: tasks
          http_sd_configs:
            - url: http://\(host)/api/discovery/prometheus\(name.map { "?port=\($0)" } ?? "")
              refresh_interval: 1s
              authorization: {type: Bearer, credentials: "\(token)"}
      """ : ""
    try FileSystem.write(
      text: """
        global: {scrape_interval: 500ms, evaluation_interval: 500ms}
        rule_files: [\(rules.map { "\"\($0)\"" } ?? "")]
        scrape_configs:
          - job_name: kilt
            honor_labels: true
            authorization: {credentials: "\(token)"}
            static_configs: [{targets: ["\(host)"]}]\(discovered)

        """, to: configuration)
    let port = try PeerProcess.freePort()
    address = "http://127.0.0.1:\(port)"
    process = try PeerProcess(
      "prometheus", package: "prometheus", in: directory,
      [
        "--config.file=\(configuration)", "--storage.tsdb.path=\(directory)/data",
        "--web.listen-address=127.0.0.1:\(port)", "--log.level=warn",
      ])
  }

  /// The samples of an instant query; empty while it has none, or the server does not answer yet.
  func query(_ text: String) throws -> [JSONValue] {
    let answer: HTTPResponse
    do {
      answer = try HTTPClient(retry: .never).send(
        HTTPRequest(
          .post, address + "/api/v1/query", headers: ["Content-Type": "application/x-www-form-urlencoded"],
          body: .bytes(Array("query=\(Self.encoded(text))".utf8))))
    } catch let error as HTTPError where error.kind == .unreachable {
      return []
    }
    if answer.status == 503 { return [] }
    let json = try JSONValue(parsing: answer.body)
    try #require(json["status"]?.string == "success", "\(text): \(answer.text)")
    return json["data"]?["result"]?.array ?? []
  }

  private static func encoded(_ text: String) -> String {
    text.utf8.map { byte in
      let character = Character(UnicodeScalar(byte))
      if character.isLetter || character.isNumber { return String(character) }
      let digits = String(byte, radix: 16, uppercase: true)
      return "%" + (digits.count == 1 ? "0" : "") + digits
    }.joined()
  }
}

/// Runs `promtool` on a text, which it must find without fault; returns what it says.
@discardableResult
func promtool(_ arguments: [String], input: [UInt8]? = nil, in directory: FilePath) throws -> String {
  try #require(Subprocess.find("promtool") != nil, "'promtool' is missing: apt-get install prometheus")
  let file = directory.appending("promtool-input")
  try FileSystem.write(text: String(decoding: input ?? [], as: UTF8.self), to: file)
  let outcome = try Subprocess(
    "sh", ["-c", "input=$1; shift; promtool \"$@\" <\"$input\"", "sh", file.string] + arguments,
    environment: environmentStrings(), workingDirectory: directory, deadlineMilliseconds: 60_000
  ).run()
  #expect(outcome.termination.isSuccess, "promtool \(arguments): \(outcome.text)\(outcome.errorText)")
  return outcome.text + outcome.errorText
}
