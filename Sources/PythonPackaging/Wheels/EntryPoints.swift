/// An object that a distribution offers by name (entry points specification): `NAME = module:function`.
public struct DistributionEntryPoint: Sendable, Hashable {
  public var name: String
  public var module: String
  /// The attribute in the module, dotted; nil for the module itself.
  public var attribute: String?
  public var extras: [String]

  public init(name: String, module: String, attribute: String?, extras: [String] = []) {
    self.name = name
    self.module = module
    self.attribute = attribute
    self.extras = extras
  }

  /// `module`, `module:attribute`, or either followed by `[extra]`. Nil for anything else.
  public init?(name: String, reference: some StringProtocol) {
    var scanner = ByteScanner(trimmed(reference))
    let isPart: (UInt8) -> Bool = {
      $0.isAlphanumeric || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 >= 0x80
    }
    self.init(name: name, module: scanner.text(while: isPart), attribute: nil)
    guard Self.isDotted(module) else { return nil }
    scanner.skipSpace()
    if scanner.take(UInt8(ascii: ":")) {
      scanner.skipSpace()
      let text = scanner.text(while: isPart)
      guard Self.isDotted(text) else { return nil }
      attribute = text
      scanner.skipSpace()
    }
    if scanner.take(UInt8(ascii: "[")) {
      extras = scanner.text { $0 != UInt8(ascii: "]") }.split(separator: ",").map { trimmed($0) }
      guard scanner.take(UInt8(ascii: "]")) else { return nil }
    }
    guard scanner.isAtEnd else { return nil }
  }

  private static func isDotted(_ text: String) -> Bool {
    !text.isEmpty && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
  }
}

/// A distribution's `entry_points.txt`.
public struct EntryPoints: Sendable, Hashable {
  /// By group, in the file's order.
  public var groups: [String: [DistributionEntryPoint]]

  /// Skips lines that are not entry points, as importlib.metadata does with unrequested ones.
  public init(parsing text: some StringProtocol) {
    groups = [:]
    var group = ""
    for line in text.split(whereSeparator: \.isNewline) {
      let line = trimmed(line)
      if line.isEmpty || line.hasPrefix("#") || line.hasPrefix(";") { continue }
      if line.hasPrefix("["), line.hasSuffix("]") {
        group = trimmed(line.dropFirst().dropLast())
      } else if let equals = line.firstIndex(of: "="),
        let point = DistributionEntryPoint(
          name: trimmed(line[..<equals]), reference: line[line.index(after: equals)...])
      {
        groups[group, default: []].append(point)
      }
    }
  }

  /// The commands that installers put into `bin/`.
  public var consoleScripts: [DistributionEntryPoint] { groups["console_scripts"] ?? [] }
  public var guiScripts: [DistributionEntryPoint] { groups["gui_scripts"] ?? [] }
}
