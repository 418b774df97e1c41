// SchedulerAccess: who a scheduler is and how a client proves it. Shared by the server and its clients.

public import Diagnostics
public import SystemSupport

/// The address of a scheduler, as a person writes it: `unix:PATH`, `http://HOST:PORT` or `https://HOST:PORT`.
public enum SchedulerAddress: Sendable, Hashable, CustomStringConvertible {
  /// A Unix socket. The directory that holds it proves who listens.
  case socket(FilePath)
  /// Plain HTTP. Nothing proves the identity of the server.
  case http(host: String, port: Int)
  /// TLS. A trusted certificate or a pinned key proves who answers.
  case https(host: String, port: Int)

  /// Parses an address.
  ///
  /// - Parameter text: Slashes at the end are ignored. The port of a URL without one is 80 or 443.
  public init(parsing text: String) throws(Diagnostic) {
    if text.hasPrefix("unix:") {
      let path = text.dropFirst(5).drop { $0 == "/" }
      guard text.dropFirst(5).hasPrefix("/"), !path.isEmpty else {
        throw Self.invalid(text, "the path of the socket must begin with \"/\"")
      }
      self = .socket(FilePath("/" + path))
      return
    }
    guard let separator = text.range(of: "://") else { throw Self.invalid(text, "no scheme") }
    let scheme = text[..<separator.lowerBound].lowercased()
    var rest = text[separator.upperBound...]
    while rest.last == "/" { rest.removeLast() }
    guard scheme == "http" || scheme == "https" else { throw Self.invalid(text, "unknown scheme \"\(scheme)\"") }
    guard !rest.contains("@") else { throw Self.invalid(text, "credentials in the address are not used") }
    guard !rest.contains(where: { $0 == "/" || $0 == "?" || $0 == "#" || $0.isWhitespace }) else {
      throw Self.invalid(text, "only a host and a port may follow the scheme")
    }
    var port = scheme == "https" ? 443 : 80
    var host = rest
    // The colons inside the brackets of an IPv6 address do not begin a port.
    if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") {
      guard let number = Int(rest[rest.index(after: colon)...]), (1...65535).contains(number) else {
        throw Self.invalid(text, "the port is not a number from 1 to 65535")
      }
      port = number
      host = rest[..<colon]
    }
    guard !host.isEmpty else { throw Self.invalid(text, "no host") }
    self =
      scheme == "https"
      ? .https(host: host.lowercased(), port: port) : .http(host: host.lowercased(), port: port)
  }

  public var description: String {
    switch self {
    case .socket(let path): "unix:\(path)"
    case .http(let host, let port): "http://\(host):\(port)"
    case .https(let host, let port): "https://\(host):\(port)"
    }
  }

  private static func invalid(_ text: String, _ reason: String) -> Diagnostic {
    Diagnostic(
      .input, "invalid scheduler address \"\(text)\": \(reason)",
      remedies: ["write unix:/PATH/TO/SOCKET, http://HOST:PORT or https://HOST:PORT"])
  }
}

extension String {
  fileprivate func range(of part: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(part) { return start..<index(start, offsetBy: part.count) }
      start = index(after: start)
    }
    return nil
  }
}
