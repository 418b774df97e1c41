internal import Glibc

/// IP addresses of hosts. The router's own host is reached over loopback.
struct HostAddresses {
  private let own: Set<String>
  private var known: [String: (address: String, until: UInt64)] = [:]

  init(ownNames: [String]) {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    own = Set(
      ownNames + ["localhost", String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)])
  }

  func isLocal(_ host: String) -> Bool { own.contains(host) || host == "127.0.0.1" || host == "::1" }

  /// Returns the address of a host. A host that cannot be looked up now keeps its former address.
  mutating func address(of host: String, at now: UInt64) -> String? {
    if own.contains(host) { return "127.0.0.1" }
    var (v4, v6) = (in_addr(), in6_addr())
    if inet_pton(AF_INET, host, &v4) == 1 || inet_pton(AF_INET6, host, &v6) == 1 { return host }
    if let entry = known[host], entry.until > now { return entry.address }
    let found = Self.lookUp(host) ?? known[host]?.address
    if let found { known[host] = (found, now + 60_000_000_000) }
    return found
  }

  private static func lookUp(_ host: String) -> String? {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &list) == 0, let first = list else { return nil }
    defer { freeaddrinfo(first) }
    var text = [CChar](repeating: 0, count: 256)
    let code = getnameinfo(
      first.pointee.ai_addr, first.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
    return code == 0 ? String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }
}
