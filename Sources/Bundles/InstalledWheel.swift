import Zip

/// The positions of a wheel's members in a directory that the tools of PEX recognize as an installed wheel
/// (`pex/pep_427.py`, `InstallPaths.chroot`): the contents of `.data` are below `.prefix`, by the names of its schemes
/// (PEP 427, "The .data directory"), and `RECORD` lists them there. Wheels without `.data` are unchanged.
struct InstalledWheel {
  /// `NAME-VERSION.data/`, where the wheel has one.
  private let dataPrefix: [UInt8]?
  private let isPure: Bool
  /// `include/site/pythonX.Y/NAME/`.
  private let headers: String
  private let record: ZipMember

  /// - Parameters:
  ///   - fileName: the wheel's, for the one Python that its tags can name.
  ///   - record: its `RECORD`.
  init(_ archive: ZipArchive, fileName: String, record: ZipMember, isPure: Bool) {
    self.isPure = isPure
    self.record = record
    let information = record.nameBytes.prefix { $0 != UInt8(ascii: "/") }
    let prefix = Array(information.dropLast(".dist-info".utf8.count)) + Array(".data/".utf8)
    dataPrefix = archive.members.contains { $0.nameBytes.starts(with: prefix) } ? prefix : nil
    let parts = fileName.split(separator: "-")
    let tags = parts.count > 2 ? parts[parts.count - 3].split(separator: ".") : []
    var version = "X.Y"
    if tags.count == 1, let digit = tags[0].dropFirst(2).first, tags[0].count > 3 {
      version = "\(digit).\(tags[0].dropFirst(3))"
    }
    headers = "include/site/python\(version)/\(parts.first ?? "")/"
  }

  /// Whether members have other positions than in the wheel.
  var moves: Bool { dataPrefix != nil }

  /// The position of a member; the wheel's own name for most.
  func place(of name: [UInt8]) -> [UInt8] {
    guard let dataPrefix, name.starts(with: dataPrefix) else { return name }
    let inner = name.dropFirst(dataPrefix.count)
    let scheme = inner.prefix { $0 != UInt8(ascii: "/") }
    let rest = inner.dropFirst(scheme.count + 1)
    if rest.isEmpty { return name }
    func below(_ place: String) -> [UInt8] { Array(".prefix/\(place)".utf8) + rest }
    switch String(decoding: scheme, as: UTF8.self) {
    case "purelib": return isPure ? Array(rest) : below("purelib/")
    case "platlib": return isPure ? below("platlib/") : Array(rest)
    case "scripts": return below("bin/")
    case "headers": return below(headers)
    case "data": return below("data/")
    // No scheme of the specification: where it was.
    default: return name
    }
  }

  /// `RECORD` with the places; the digests and sizes stay.
  func placedRecord(_ text: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast(
      text.last == UInt8(ascii: "\n") ? 1 : 0)
    {
      let isQuoted = line.first == UInt8(ascii: "\"")
      let name = isQuoted ? line.dropFirst() : line
      // A quoted name keeps its quotes: only its beginning is replaced, which contains none.
      let path = name.prefix { $0 != UInt8(ascii: isQuoted ? "\"" : ",") }
      output += (isQuoted ? [UInt8(ascii: "\"")] : []) + place(of: Array(path)) + name.dropFirst(path.count)
      output.append(UInt8(ascii: "\n"))
    }
    return output
  }

  /// The directories below the wheel's that belong on `sys.path`.
  var pathEntries: [String] {
    guard moves else { return ["."] }
    return [".", isPure ? ".prefix/platlib" : ".prefix/purelib"]
  }
}
