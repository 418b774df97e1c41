internal import Diagnostics
internal import Discovery
internal import Glibc
internal import JSON
internal import JobModel
internal import Synchronization
public import SystemSupport

/// Updates one HAProxy from a source of instances and a routes file.
///
/// One thread: `step` compares the wanted state with HAProxy's, and sends the difference. It remembers nothing that it
/// sent, so the next step corrects a lost command, or an HAProxy that somebody restarted.
public final class Router {
  /// The options of a router.
  public struct Options: Sendable {
    public var routes: FilePath
    public var stateDirectory: FilePath
    public var haproxy: FilePath
    /// Names under which other hosts know this one.
    public var hostNames: [String]
    /// The user that HAProxy becomes.
    public var user: String?

    public init(
      routes: FilePath, stateDirectory: FilePath, haproxy: FilePath, hostNames: [String] = [], user: String? = nil
    ) {
      self.routes = routes
      self.stateDirectory = stateDirectory
      self.haproxy = haproxy
      self.hostNames = hostNames
      self.user = user
    }
  }

  let options: Options
  let haproxy: HAProxyProcess
  /// The routes that apply: the file's, or the last that were good.
  public private(set) var file: RoutesFile
  private var fileSignature: FileStatus?
  /// Why the routes file does not apply.
  var fileProblem: Diagnostic?
  var addresses: HostAddresses
  var sources: [SourceState] = []
  var haproxyProblem: String?
  var reloads = 0
  var commands = 0
  var plan: RoutingPlan?
  var tables: [SlotTable] = []
  var worker: Int32?
  /// Called with routes that apply from now on.
  public var onRoutes: ((RoutesFile) -> Void)?
  private let lock: FileLock
  private let mailbox: SourceMailbox
  let say: @Sendable (String) -> Void
  let published = Published()
  /// The text of the status file as it was written last.
  var lastStatus = ""

  /// The state that other threads read: for people, and for Prometheus.
  public final class Published: Sendable {
    private let state = Mutex<(status: JSONValue, metrics: String)>((.null, ""))
    public var statusText: String { state.withLock { $0.status.text(.pretty) } }
    public var metrics: String { state.withLock { $0.metrics } }
    func set(_ status: JSONValue, _ metrics: String) { state.withLock { $0 = (status, metrics) } }
  }

  /// - Parameter say: Receives a line about each change, for the log.
  /// - Throws: `Diagnostic` if another router works here; the problems of the routes file if no good one is known.
  public init(_ options: Options, mailbox: SourceMailbox, say: @escaping @Sendable (String) -> Void) throws {
    self.options = options
    self.mailbox = mailbox
    self.say = say
    try FileSystem.createDirectories(options.stateDirectory, permissions: 0o700)
    guard options.stateDirectory.string.utf8.count + "/master.sock".utf8.count <= RuntimeSocket.longestPath else {
      throw Diagnostic(
        .input, "the path of the state directory \"\(options.stateDirectory)\" is too long for sockets",
        remedies: ["name a shorter --state-directory, such as /run/kilt-router"])
    }
    guard let lock = try Self.takeLock(options.stateDirectory.appending("lock")) else {
      throw Diagnostic(
        .input, "another router works in the state directory \"\(options.stateDirectory)\"",
        remedies: ["stop it, or name another --state-directory"])
    }
    self.lock = lock
    haproxy = HAProxyProcess(program: options.haproxy, directory: options.stateDirectory)
    addresses = HostAddresses(ownNames: options.hostNames)
    let good = options.stateDirectory.appending("routes.good.yaml")
    do {
      (file, fileSignature) = try Self.read(options.routes)
    } catch {
      guard FileSystem.exists(good) else { throw error }
      fileSignature = try FileSystem.statusIfPresent(of: options.routes)
      (file, _) = try Self.read(good)
      fileProblem = Self.diagnostic(error)
      say("the routes file does not apply, the last good one does: \(Self.text(error))")
    }
    restoreKnown()
  }

  /// Takes the lock. A process that only checks the lock holds it for a moment, so there are a few attempts.
  private static func takeLock(_ path: FilePath) throws(SystemCallError) -> FileLock? {
    for _ in 0..<20 {
      if let lock = try FileLock.attempt(path) { return lock }
      pauseMilliseconds(25)
    }
    return nil
  }

  private static func read(_ path: FilePath) throws -> (RoutesFile, FileStatus?) {
    let status = try FileSystem.statusIfPresent(of: path)
    let bytes: [UInt8]
    do throws(SystemCallError) {
      bytes = try FileSystem.read(path, limit: 1 << 20)
    } catch {
      throw Diagnostic(
        .input, "cannot read the routes file \"\(path)\": \(error.errno)", remedies: ["name a file with --config"])
    }
    return (try RoutesFile(parsing: bytes, path: path.string), status)
  }

  static func diagnostic(_ error: any Error) -> Diagnostic {
    switch error {
    case let list as DiagnosticList: list.diagnostics.first ?? Diagnostic(.input, "the file has problems")
    case let error as any DiagnosableError: error.diagnostic
    default: Diagnostic(.environment, "\(error)")
    }
  }

  static func text(_ error: any Error) -> String {
    let diagnostic = diagnostic(error)
    let place = diagnostic.location.map { "\($0.path):\($0.line): " } ?? ""
    return ([place + diagnostic.summary] + diagnostic.notes).joined(separator: "; ")
  }

  // MARK: Life

  /// Follows until `isEnding` says that it is enough.
  public func run(until isEnding: () -> Bool) {
    while !isEnding() {
      turn(mailbox.take(milliseconds: 1000))
    }
  }

  /// Receives messages, checks the routes file, and updates HAProxy.
  public func turn(_ messages: [SourceMessage]) {
    for message in messages { take(message) }
    rereadIfChanged()
    do {
      try step()
      if haproxyProblem != nil { say("HAProxy is in step again") }
      haproxyProblem = nil
    } catch {
      let text = Self.text(error)
      if haproxyProblem != text { say(text) }
      haproxyProblem = text
    }
    publish()
  }

  private func take(_ message: SourceMessage) {
    switch message {
    case .services(let services, let number):
      guard sources.indices.contains(number) else { return }
      if sources[number].problem != nil { say("\(sources[number].name) answers again") }
      sources[number].problem = nil
      sources[number].heardAt = wallClockNanoseconds() / 1_000_000
      let merged = RoutesFile.merged(services, known: sources[number].known ?? [:])
      if merged != sources[number].known {
        sources[number].known = merged
        keepKnown()
      }
    case .unreachable(let reason, let number):
      guard sources.indices.contains(number) else { return }
      if sources[number].problem == nil {
        say("\(sources[number].name) cannot be reached, its last known instances stay: \(reason)")
      }
      sources[number].problem = reason
    }
  }

  /// The services of all sources. A job that several of them have has the instances of all.
  var services: [JobKey: Service] {
    var services: [JobKey: Service] = [:]
    for service in sources.flatMap({ ($0.known ?? [:]).values }) {
      if services[service.key] == nil {
        services[service.key] = service
      } else {
        services[service.key]?.instances += service.instances
        services[service.key]?.withdrawn += service.withdrawn
      }
    }
    return services
  }

  private func rereadIfChanged() {
    do {
      let status = try FileSystem.statusIfPresent(of: options.routes)
      guard status != fileSignature else { return }
      fileSignature = status
      let (new, _) = try Self.read(options.routes)
      fileProblem = nil
      guard new != file else { return }
      guard new.source == file.source else {
        throw Diagnostic(.input, "\"follow\" changed", remedies: ["restart the router to follow another source"])
      }
      try check(new)
      file = new
      say("the routes file changed")
      onRoutes?(new)
    } catch {
      fileProblem = Self.diagnostic(error)
      say("the routes file does not apply, the last good one does: \(Self.text(error))")
    }
  }

  func configuration(_ file: RoutesFile) -> HAProxyConfiguration {
    HAProxyConfiguration(file, socket: haproxy.runtime.path, user: options.user)
  }

  /// Has HAProxy check routes before they apply.
  private func check(_ file: RoutesFile) throws {
    try haproxy.check(configuration(file).shape(slots: file.routes.map(\.slots)))
  }

  func keepGood() throws {
    // The file can have changed since it was read: the parsed text applies.
    let (current, _) = try Self.read(options.routes)
    guard current == file else { return }
    try FileSystem.write(
      try FileSystem.read(options.routes, limit: 1 << 20), to: options.stateDirectory.appending("routes.good.yaml"),
      permissions: 0o600)
  }

  // MARK: The last known instances

  private var knownPath: FilePath { options.stateDirectory.appending("known.json") }

  private func keepKnown() {
    let entries = sources.compactMap { source -> JSONValue? in
      guard let known = source.known else { return nil }
      var entry = Service.json(known.values.sorted { $0.key < $1.key }).object ?? JSONObject()
      entry["source"] = .string(source.name)
      return .object(entry)
    }
    do {
      let text = JSONValue.members(["sources": .array(entries)]).text(.pretty) + "\n"
      try FileSystem.write(text: text, to: knownPath, permissions: 0o600)
    } catch {
      say("cannot keep the known instances: \(error)")
    }
  }

  private func restoreKnown() {
    sources = file.source.names.map { SourceState(name: $0) }
    do {
      guard FileSystem.exists(knownPath) else { return }
      for entry in try JSONValue(parsing: FileSystem.read(knownPath))["sources"]?.array ?? [] {
        // Messages of another source do not apply to this one.
        guard let number = sources.firstIndex(where: { .string($0.name) == entry["source"] }) else { continue }
        sources[number].known = Dictionary(try Service.catalogue(entry).map { ($0.key, $0) }) { first, _ in first }
      }
    } catch {
      say("the instances that were known cannot be read: \(error)")
    }
  }
}
