import ContentStore
import Digests
import Zip

/// The script in front of a bundle and the Python code that unpacks it: files of `Boot/`, part of this executable.
struct Boot {
  private let specification: BundleSpecification
  private let id: String
  private let pythons: SupportedPythons
  /// The bytes of `PEX-INFO`.
  let info: [UInt8]
  /// The first segment of a bundle that is one file: the `#!` script and the members that a start reads.
  let segment: Segment
  /// The modules, deflated: the one member `kilt.py` of the archive `.bootstrap` of a packed bundle.
  let bootstrap: ZipContents

  /// - Parameters:
  ///   - id: the identity of the unpacked tree.
  ///   - info: the bytes of `PEX-INFO`.
  ///   - store: where deflated boot code is kept.
  init(
    _ specification: BundleSpecification, id: String, pythons: SupportedPythons, info: [UInt8], store: ContentStore
  ) throws(ContentStoreError) {
    self.specification = specification
    self.id = id
    self.pythons = pythons
    self.info = info
    bootstrap = try Self.deflated(specification.hasTools ? .modulesWithTools : .modules, store)
    let members = [
      ("__main__.py", try Self.deflated(.main, store)),
      ("__pex__/__init__.py", try Self.deflated(.importing, store)), (".bootstrap/kilt.py", bootstrap),
      // Stored, so that another identity in it does not move later members.
      ("PEX-INFO", ZipContents(storing: info)),
    ]
    segment = Self.segment(specification, id: id, pythons: pythons, members: members.map(Self.member))
  }

  /// `__main__.py`, for `python BUNDLE`.
  static let main = stripped(PackageResources.main_py)

  /// `__pex__/__init__.py`, for `import __pex__` of a Python that has the bundle on its path.
  static let importing = stripped(PackageResources.import_py)

  /// The modules of the boot code in one text: a line `#@ NAME` goes before each but the first.
  ///
  /// One text, because that deflates better than one member each, and is read with one call.
  static let modules = join([
    ("kilt_boot", PackageResources.kilt_boot_py), ("kilt_unpack", PackageResources.kilt_unpack_py),
    ("kilt_tree", PackageResources.kilt_tree_py), ("kilt_trust", PackageResources.kilt_trust_py),
    ("kilt_tags", PackageResources.kilt_tags_py),
    ("kilt_main", PackageResources.kilt_main_py), ("kilt_run", PackageResources.kilt_run_py),
  ])

  /// The modules with those of `PEX_TOOLS`.
  static let modulesWithTools = modules + Array("\n#@ kilt_tools\n".utf8) + stripped(PackageResources.kilt_tools_py)

  /// The digest of all boot code, as written: part of a bundle's identity, and computed in every run.
  static let digest: SHA256Digest = {
    var hasher = SHA256Hasher()
    for bytes in [
      PackageResources.prefix_sh, PackageResources.main_py, PackageResources.import_py, PackageResources.kilt_boot_py,
      PackageResources.kilt_unpack_py, PackageResources.kilt_tree_py, PackageResources.kilt_trust_py,
      PackageResources.kilt_tags_py, PackageResources.kilt_main_py, PackageResources.kilt_run_py,
      PackageResources.kilt_tools_py,
    ] {
      hasher.update("\(bytes.count)\n")
      hasher.update(bytes)
    }
    return hasher.digest()
  }()

  private enum Part: String {
    case main, importing, modules, modulesWithTools

    var bytes: [UInt8] {
      switch self {
      case .main: Boot.main
      case .importing: Boot.importing
      case .modules: Boot.modules
      case .modulesWithTools: Boot.modulesWithTools
      }
    }
  }

  /// Boot code without comments, deflated as well as deflate can. Kept, as it would take as long as all else that a small
  /// bundle needs.
  private static func deflated(_ part: Part, _ store: ContentStore) throws(ContentStoreError) -> ZipContents {
    let key = SHA256Digest.of("\(part) \(Deflate.level) \(digest)")
    let headerSize = 12
    if let record = try store.record("boot-1", key), record.count > headerSize {
      let numbers = record[..<headerSize].map(UInt64.init)
      func number(_ range: Range<Int>) -> UInt64 { numbers[range].reversed().reduce(0) { $0 << 8 | $1 } }
      return ZipContents(
        method: .deflated, crc32: UInt32(number(0..<4)), size: number(4..<12), bytes: Array(record[headerSize...]))
    }
    let contents = ZipContents(deflating: part.bytes)
    let header = (0..<4).map { UInt8(truncatingIfNeeded: contents.crc32 >> (8 * UInt32($0))) }
    let size = (0..<8).map { UInt8(truncatingIfNeeded: contents.size >> (8 * UInt64($0))) }
    try store.setRecord("boot-1", key, to: header + size + contents.bytes)
    return contents
  }

  /// The variables that PEX_DISABLE_VARIABLES hides.
  static let variables = [
    "PEX_COVERAGE", "PEX_COVERAGE_FILENAME", "PEX_EMIT_WARNINGS", "PEX_EXTRA_SYS_PATH", "PEX_IGNORE_ERRORS",
    "PEX_IGNORE_RCFILES", "PEX_INHERIT_PATH", "PEX_INTERPRETER", "PEX_INTERPRETER_HISTORY",
    "PEX_INTERPRETER_HISTORY_FILE", "PEX_MAX_INSTALL_JOBS", "PEX_MODULE", "PEX_PATH", "PEX_PROFILE",
    "PEX_PROFILE_FILENAME", "PEX_PROFILE_SORT", "PEX_PYTHON", "PEX_PYTHON_PATH", "PEX_ROOT", "PEX_SCRIPT", "PEX_TOOLS",
    "PEX_VENV", "PEX_VENV_BIN_PATH", "PEX_VERBOSE",
  ]

  private static func segment(
    _ specification: BundleSpecification, id: String, pythons: SupportedPythons,
    members: [(entry: ZipEntry, bytes: [UInt8])]
  ) -> Segment {
    // The script says where the members are, in numbers of a fixed width, so its length does not depend on them.
    func script(_ offsets: [Int]) -> [UInt8] {
      Self.script(specification, id: id, pythons: pythons, reading: readingFile(offsets))
    }
    let length = script(Array(repeating: 0, count: 5)).count
    var end = length
    let ranges = members.map { member -> Range<Int> in
      let start = end + member.entry.localHeaderSize
      end = start + member.bytes.count
      return start..<end
    }
    let (modules, info) = (ranges[2], ranges[3])
    let offsets = [end, modules.lowerBound, modules.upperBound, info.lowerBound, info.upperBound]
    return Segment(script: script(offsets), members: members, size: UInt64(end))
  }

  /// Python that reads boot code and `PEX-INFO` from the file `sys.argv[1]`: its first bytes have them.
  private static func readingFile(_ offsets: [Int]) -> String {
    let numbers = offsets.map { offset in
      let digits = String(offset)
      return String(repeating: " ", count: max(0, 8 - digits.count)) + digits
    }
    return """
      with open(sys.argv[1], "rb") as file: head = file.read(\(numbers[0]))
      parts = zlib.decompress(head[\(numbers[1]):\(numbers[2])], -15).decode().split("\\n#@ ")
      info = head[\(numbers[3]):\(numbers[4])]
      """
  }

  /// The files of a bundle that is a directory, without wheels and code. Deflated boot code is in `.bootstrap`, an
  /// archive, in the layout packed.
  var files: [(path: String, bytes: [UInt8], isExecutable: Bool)] {
    let read: String
    var files: [(path: String, bytes: [UInt8], isExecutable: Bool)] = []
    if specification.layout == .packed {
      let entry = bootstrap.entry(named: Array("kilt.py".utf8))
      let range = "\(entry.localHeaderSize):\(entry.localHeaderSize + bootstrap.bytes.count)"
      read = """
        with open(sys.argv[1] + "/.bootstrap", "rb") as file: head = file.read()
        parts = zlib.decompress(head[\(range)], -15).decode().split("\\n#@ ")
        """
    } else {
      files.append((".bootstrap/kilt.py", specification.hasTools ? Self.modulesWithTools : Self.modules, false))
      read = """
        with open(sys.argv[1] + "/.bootstrap/kilt.py", "rb") as file: head = file.read()
        parts = head.decode().split("\\n#@ ")
        """
    }
    let script = Self.script(
      specification, id: id, pythons: pythons,
      reading: read + "\nwith open(sys.argv[1] + \"/PEX-INFO\", \"rb\") as file: info = file.read()")
    files.append(("PEX-INFO", info, false))
    files.append(("__pex__/__init__.py", Self.importing, false))
    files.append(("__main__.py", Array("#!/usr/bin/env python3\n".utf8) + Self.main, true))
    files.append(("pex", script, true))
    return files
  }

  /// The script's part that finds the directory of the script itself, or of a link to it.
  private static let findingDirectory = """
    # The bundle is the directory of this script.
    [ ! -h "$PEX" ] || PEX=$(readlink -f -- "$PEX")
    PEX=${PEX%/*}
    PEX=${PEX%/.}

    """

  /// The script without indentation and without comments except those of its first lines: a shell reads it at each
  /// start.
  private static let prefix: [UInt8] = {
    var output: [UInt8] = []
    for (index, line) in PackageResources.prefix_sh.split(separator: UInt8(ascii: "\n")).enumerated() {
      let text = line.drop { $0 == UInt8(ascii: " ") }
      if index < 2 || text.first != UInt8(ascii: "#") { output += text + [UInt8(ascii: "\n")] }
    }
    return output
  }()

  private static func member(_ name: String, _ contents: ZipContents) -> (entry: ZipEntry, bytes: [UInt8]) {
    (contents.entry(named: Array(name.utf8)), contents.bytes)
  }

  struct Segment: Sendable {
    var script: [UInt8]
    var members: [(entry: ZipEntry, bytes: [UInt8])]
    var size: UInt64
  }

  private static func script(
    _ specification: BundleSpecification, id: String, pythons: SupportedPythons, reading: String
  ) -> [UInt8] {
    var text = String(decoding: prefix, as: UTF8.self)
    let ranges = pythons.ranges.map { "((3, \($0.minor), \($0.first)), (3, \($0.minor), \($0.last)))," }
    let first = specification.firstInterpreter ?? ""
    let values: [(String, String)] = [
      ("@NAMES@", quoted((first.contains("/") ? [] : [first]) + pythons.minors.map { "python3.\($0)" })),
      ("@FLAGS@", specification.interpreterFlags.map { word("\n" + $0) }.joined()),
      ("@FIRST@", quoted(first.contains("/") ? [first] : [])),
      ("@RANGES@", "(" + ranges.joined(separator: " ") + ")"),
      ("@CONSTRAINTS@", describe(specification.interpreterConstraints, minors: pythons.minors)),
      ("@VARIABLES@", variables.joined(separator: " ")),
      ("@WHERE@\n", specification.layout == .zipapp ? "" : findingDirectory),
      ("@READ@", reading), ("@ID@", id),
      // In a comment: it must not contain a newline.
      ("@NAME@", String(specification.name.unicodeScalars.filter { $0.value >= 32 }.map(Character.init))),
    ]
    for (placeholder, value) in values { text = replace(placeholder, in: text, by: value) }
    return Array(text.utf8)
  }

  /// A word of a shell script: a list as `PATH` is one.
  private static func quoted(_ items: [String]) -> String {
    word(items.filter { !$0.isEmpty }.joined(separator: ":"))
  }

  /// A text as a word of a shell script.
  private static func word(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  /// The constraints for people, in characters that are safe inside double quotes of a shell.
  static func describe(_ constraints: [String], minors: [Int]) -> String {
    let safe = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,<>=!~*[]_- ")
    let asked = constraints.map { $0.filter { safe.contains($0) } }.joined(separator: " or ")
    let versions = minors.reversed().map { "3.\($0)" }.joined(separator: ", ")
    return asked.isEmpty ? "CPython \(versions)" : "\(asked) (with its wheels: \(versions))"
  }

  private static func join(_ modules: [(name: String, source: [UInt8])]) -> [UInt8] {
    var text: [UInt8] = []
    for (index, module) in modules.enumerated() {
      if index > 0 { text += Array("\n#@ \(module.name)\n".utf8) }
      text += stripped(module.source)
    }
    return text
  }

  /// Python source without comments, docstrings and empty lines, indented by one space a level: a hello-world bundle is
  /// mostly boot code. In `Boot/`, lines are indented by fours, and text in triple quotes is a docstring.
  static func stripped(_ source: [UInt8]) -> [UInt8] {
    let space = UInt8(ascii: " ")
    let quotes = Array("\"\"\"".utf8)
    var output: [UInt8] = []
    var inDocstring = false
    for line in source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true) {
      let indent = line.prefix { $0 == space }.count
      let text = line[(line.startIndex + indent)...]
      if inDocstring {
        inDocstring = !text.hasSuffix(quotes)
      } else if text.starts(with: quotes) {
        inDocstring = !(text.count >= 6 && text.hasSuffix(quotes))
      } else if let first = text.first, first != UInt8(ascii: "#") {
        output += Array(repeating: space, count: indent / 4) + text + [UInt8(ascii: "\n")]
      }
    }
    return output
  }

  private static func replace(_ placeholder: String, in text: String, by value: String) -> String {
    var result = ""
    var rest = text[...]
    while let start = rest.firstIndex(of: "@") {
      if rest[start...].hasPrefix(placeholder) {
        result += rest[..<start] + value
        rest = rest[start...].dropFirst(placeholder.count)
      } else {
        result += rest[...start]
        rest = rest[start...].dropFirst()
      }
    }
    return result + rest
  }
}

fileprivate extension ArraySlice<UInt8> {
  func hasSuffix(_ suffix: [UInt8]) -> Bool { self.suffix(suffix.count).elementsEqual(suffix) }
}
