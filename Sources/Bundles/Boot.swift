import Digests
import Zip

/// The script in front of a bundle and the Python code that unpacks it: files of `Boot/`, part of this executable.
enum Boot {
  /// `__main__.py`, for `python BUNDLE`.
  static let main = stripped(PackageResources.main_py)

  /// The modules of the boot code in one text: a line `#@ NAME` goes before each but the first.
  ///
  /// One text, because that deflates better than one member each, and is read with one call.
  static let modules = join([
    ("kilt_boot", PackageResources.kilt_boot_py), ("kilt_unpack", PackageResources.kilt_unpack_py),
    ("kilt_tree", PackageResources.kilt_tree_py), ("kilt_tags", PackageResources.kilt_tags_py),
    ("kilt_main", PackageResources.kilt_main_py), ("kilt_run", PackageResources.kilt_run_py),
  ])

  /// The modules with those of `PEX_TOOLS`.
  static let modulesWithTools = modules + Array("\n#@ kilt_tools\n".utf8) + stripped(PackageResources.kilt_tools_py)

  /// The digest of all boot code: part of a bundle's identity.
  static let digest: SHA256Digest = {
    var hasher = SHA256Hasher()
    for bytes in [PackageResources.prefix_sh, main, modulesWithTools] {
      hasher.update("\(bytes.count)\n")
      hasher.update(bytes)
    }
    return hasher.digest()
  }()

  /// The variables that PEX_DISABLE_VARIABLES hides.
  static let variables = [
    "PEX_COVERAGE", "PEX_COVERAGE_FILENAME", "PEX_EMIT_WARNINGS", "PEX_EXTRA_SYS_PATH", "PEX_IGNORE_ERRORS",
    "PEX_IGNORE_RCFILES", "PEX_INHERIT_PATH", "PEX_INTERPRETER", "PEX_INTERPRETER_HISTORY",
    "PEX_INTERPRETER_HISTORY_FILE", "PEX_MAX_INSTALL_JOBS", "PEX_MODULE", "PEX_PATH", "PEX_PROFILE",
    "PEX_PROFILE_FILENAME", "PEX_PROFILE_SORT", "PEX_PYTHON", "PEX_PYTHON_PATH", "PEX_ROOT", "PEX_SCRIPT", "PEX_TOOLS",
    "PEX_VENV", "PEX_VENV_BIN_PATH", "PEX_VERBOSE",
  ]

  /// The first segment of a bundle: the `#!` script and the members that a start reads.
  ///
  /// - Parameters:
  ///   - id: the identity of the unpacked tree.
  ///   - info: the bytes of `PEX-INFO`.
  static func segment(
    _ specification: BundleSpecification, id: String, pythons: SupportedPythons, info: [UInt8]
  ) -> Segment {
    let members = [
      member("__main__.py", ZipContents(deflating: main)),
      member(".bootstrap/kilt.py", ZipContents(deflating: specification.hasTools ? modulesWithTools : modules)),
      // Stored, so that another identity in it leaves what follows where it is.
      member("PEX-INFO", ZipContents(storing: info)),
    ]
    // The script says where the members are, in numbers of a fixed width, so its length does not depend on them.
    let length = script(specification, id: id, pythons: pythons, offsets: Array(repeating: 0, count: 5)).count
    var end = length
    let ranges = members.map { member -> Range<Int> in
      let start = end + member.entry.localHeaderSize
      end = start + member.bytes.count
      return start..<end
    }
    let offsets = [end, ranges[1].lowerBound, ranges[1].upperBound, ranges[2].lowerBound, ranges[2].upperBound]
    return Segment(
      script: script(specification, id: id, pythons: pythons, offsets: offsets), members: members, size: UInt64(end))
  }

  private static func member(_ name: String, _ contents: ZipContents) -> (entry: ZipEntry, bytes: [UInt8]) {
    (contents.entry(named: Array(name.utf8)), contents.bytes)
  }

  struct Segment: Sendable {
    var script: [UInt8]
    var members: [(entry: ZipEntry, bytes: [UInt8])]
    var size: UInt64
  }

  private static func script(
    _ specification: BundleSpecification, id: String, pythons: SupportedPythons, offsets: [Int]
  ) -> [UInt8] {
    var text = String(decoding: PackageResources.prefix_sh, as: UTF8.self)
    let ranges = pythons.ranges.map { "((3, \($0.minor), \($0.first)), (3, \($0.minor), \($0.last)))," }
    let numbers = offsets.map { offset in
      let digits = String(offset)
      return String(repeating: " ", count: max(0, 8 - digits.count)) + digits
    }
    let first = specification.firstInterpreter ?? ""
    let values: [(String, String)] = [
      ("@NAMES@", quoted((first.contains("/") ? [] : [first]) + pythons.minors.map { "python3.\($0)" })),
      ("@FIRST@", quoted(first.contains("/") ? [first] : [])),
      ("@RANGES@", "(" + ranges.joined(separator: " ") + ")"),
      ("@CONSTRAINTS@", describe(specification.interpreterConstraints, minors: pythons.minors)),
      ("@VARIABLES@", variables.joined(separator: " ")),
      ("@HEAD@", numbers[0]), ("@BOOT@", "\(numbers[1]):\(numbers[2])"), ("@INFO@", "\(numbers[3]):\(numbers[4])"),
      ("@ID@", id),
      // In a comment: no newline may get in.
      ("@NAME@", String(specification.name.unicodeScalars.filter { $0.value >= 32 }.map(Character.init))),
    ]
    for (placeholder, value) in values { text = replace(placeholder, in: text, by: value) }
    return Array(text.utf8)
  }

  /// A word of a shell script: a list as `PATH` is one.
  private static func quoted(_ items: [String]) -> String {
    let text = items.filter { !$0.isEmpty }.joined(separator: ":")
    return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
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
