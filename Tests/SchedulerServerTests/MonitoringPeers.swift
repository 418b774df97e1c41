import HTTPClient
import JSON
import SchedulerClient
import SystemSupport
import TestServers
import Testing

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
  private let process: ServerProcess

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
    let port = try LoopbackPorts.free()
    address = "http://127.0.0.1:\(port)"
    process = try ServerProcess(
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
          body: .bytes(Array("query=\(PercentEncoding.encode(text))".utf8))))
    } catch let error as HTTPError where error.kind == .unreachable {
      return []
    }
    if answer.status == 503 { return [] }
    let json = try JSONValue(parsing: answer.body)
    try #require(json["status"]?.string == "success", "\(text): \(answer.text)")
    return json["data"]?["result"]?.array ?? []
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
