internal import CZooKeeperShims
internal import Diagnostics
internal import Glibc
internal import JSON
internal import SystemSupport

/// Keeps a session with ZooKeeper: begins another when one has expired, and follows a settings file that changes.
final class ZooKeeperConnection {
  private let source: FilePath?
  private var settings: ZooKeeperSettings
  private var signature: FileStatus?
  private var authentication: ZooKeeperAuthentication
  private(set) var session: ZooKeeperSession?
  private let wake: (reading: FileDescriptor, writing: FileDescriptor)
  private let say: (JSONValue) -> Void
  private var told = ""
  private var retryAt: UInt64 = 0

  /// - Parameter say: receives a line for the process that started this program.
  init(_ settings: ZooKeeperSettings, source: FilePath?, say: @escaping (JSONValue) -> Void) throws {
    if let problem = kilt_zk_load() {
      throw Diagnostic(
        .environment, "cannot load the ZooKeeper client: \(String(cString: problem))",
        remedies: ["run `apt-get install libzookeeper-mt2`"])
    }
    self.settings = settings
    self.source = source
    self.say = say
    authentication = try settings.authentication.map { try ZooKeeperAuthentication(reading: FilePath($0)) } ?? .init()
    wake = try makePipe()
    for end in [wake.reading, wake.writing] { _ = fcntl(end.rawValue, F_SETFL, O_NONBLOCK) }
    if let source { signature = try FileSystem.statusIfPresent(of: source) }
  }

  var rules: [ZooKeeperAuthentication.Rule] { authentication.rules }
  var root: String { settings.root }

  /// Waits until something happens in the session, or the other descriptor is readable. True for the latter.
  func wait(_ other: Int32?, milliseconds: Int) -> Bool {
    var polled = [pollfd(fd: wake.reading.rawValue, events: Int16(POLLIN), revents: 0)]
    if let other { polled.append(pollfd(fd: other, events: Int16(POLLIN), revents: 0)) }
    _ = poll(&polled, nfds_t(polled.count), Int32(clamping: milliseconds))
    var buffer = [UInt8](repeating: 0, count: 4096)
    while read(wake.reading.rawValue, &buffer, buffer.count) > 0 {}
    return polled.count > 1 && polled[1].revents != 0
  }

  /// The session if it is connected. Tells each change of its state once.
  func connected() -> ZooKeeperSession? {
    followSettings()
    switch session?.state {
    case .connected?:
      tell("connected", nil)
      return session
    case .connecting?:
      tell("connecting", nil)
      return nil
    case .expired?:
      // Its nodes are gone: whoever uses this finds out by the new session's number.
      tell("expired", nil)
      session = nil
    case .refused?:
      tell("refused", "ZooKeeper refuses the credentials")
      session = nil
      retryAt = monotonicNanoseconds() + 5_000_000_000
    case nil: break
    }
    guard monotonicNanoseconds() >= retryAt else { return nil }
    do throws(ZooKeeperError) {
      session = try ZooKeeperSession(settings, authentication, wake: wake.writing.rawValue)
    } catch {
      tell("unreachable", error.description)
      retryAt = monotonicNanoseconds() + 1_000_000_000
    }
    return nil
  }

  /// Ends the session, and with it its nodes.
  func close() { session = nil }

  func tell(_ state: String, _ problem: String?) {
    let line = state + (problem ?? "")
    guard line != told else { return }
    told = line
    var object = JSONObject([("state", .string(state))])
    if let problem { object["problem"] = .string(problem) }
    say(.object(object))
  }

  private static func servers(_ hosts: String) -> Set<Substring> { Set(hosts.split(separator: ",")) }

  private func followSettings() {
    guard let source else { return }
    do {
      let status = try FileSystem.statusIfPresent(of: source)
      guard status != signature, status != nil else { return }
      signature = status
      let new = try ZooKeeperSettings(reading: source)
      guard new != settings else { return }
      // With no server in common it is another ensemble. The client would stay with a server of the former one as long as
      // that lives.
      let isElsewhere = Self.servers(new.hosts).isDisjoint(with: Self.servers(settings.hosts))
      let isOther =
        new.root != settings.root || new.authentication != settings.authentication || isElsewhere
      authentication = try new.authentication.map { try ZooKeeperAuthentication(reading: FilePath($0)) } ?? .init()
      settings = new
      if isOther { session = nil } else { try session?.setHosts(new.hosts) }
    } catch {
      tell(
        "settings", "the settings do not apply: \((error as? any DiagnosableError)?.diagnostic.summary ?? "\(error)")")
    }
  }
}
