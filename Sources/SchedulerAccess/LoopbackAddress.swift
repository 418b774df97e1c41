/// Addresses that only this machine reaches.
public enum LoopbackAddress {
  /// Whether a host, as written in a URL or without the brackets of an IPv6 address, is this machine's loopback:
  /// `localhost`, `127.0.0.0/8` or `::1`. Other names that begin with `127.` are not.
  public static func isLoopback(_ host: String) -> Bool {
    if host == "localhost" || host == "::1" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
