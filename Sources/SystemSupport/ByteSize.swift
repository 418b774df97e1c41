/// Sizes in bytes, as people write and read them. KB, MB, GB and TB are powers of 1024, as in Aurora; KiB and so on are
/// the same.
public enum ByteSize {
  /// The bytes of `500MB`, `20G`, `1.5GiB` or `1048576`; nil for anything else.
  public static func parse(_ text: String) -> Int? {
    let digits = text.prefix { ("0"..."9").contains($0) || $0 == "." }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }.uppercased()
    let shift: Int
    switch unit {
    case "", "B": shift = 0
    case "K", "KB", "KIB": shift = 10
    case "M", "MB", "MIB": shift = 20
    case "G", "GB", "GIB": shift = 30
    case "T", "TB", "TIB": shift = 40
    default: return nil
    }
    if let whole = Int(digits) {
      let (bytes, overflow) = whole.multipliedReportingOverflow(by: 1 << shift)
      return overflow ? nil : bytes
    }
    guard shift > 0, let number = Double(digits), number >= 0 else { return nil }
    let bytes = number * Double(1 << shift)
    return bytes < 1e18 ? Int(bytes) : nil
  }

  /// Returns a size as in `512 B` and `1.5 MiB`.
  public static func text(_ bytes: Int64) -> String {
    var value = Double(bytes)
    var unit = 0
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    guard unit > 0 else { return "\(bytes) B" }
    let tenths = Int(value * 10 + 0.5)
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}
