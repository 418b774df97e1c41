import Digests

/// Reads a `requirements.txt` in which each requirement has one version and the hashes of its files, as pip-compile and
/// `uv export` write it. It names no files: the index finds the files with the hashes.
struct RequirementsLockReader {
  private let text: LockfileText
  private let path: String

  init(_ text: LockfileText, path: String) {
    self.text = text
    self.path = path
  }

  func lockfile() throws(LockError) -> Lockfile {
    guard String(validating: text.bytes, as: UTF8.self) != nil else {
      throw .unreadable(path: path, line: nil, reason: "it is not UTF-8")
    }
    var packages: [LockedPackage] = []
    var roots: [LockedDependency] = []
    for (number, line) in logicalLines() {
      if line.hasPrefix("-") {
        try option(line, number)
        continue
      }
      let (package, root) = try self.package(line, number)
      packages.append(package)
      roots.append(root)
    }
    guard !packages.isEmpty else { throw .unreadable(path: path, line: nil, reason: "it contains no packages") }
    var lockfile = Lockfile(
      requiresPython: SpecifierSet(), requirements: [], roots: roots.sorted { $0.name < $1.name },
      packages: packages.sorted { ($0.name, $0.version) < ($1.name, $1.version) })
    lockfile.format = .requirements
    return lockfile
  }

  /// Lines with their continuations joined and comments removed, with the number of the first.
  private func logicalLines() -> [(number: Int, text: String)] {
    var result: [(number: Int, text: String)] = []
    var joined = "", start = 0, continues = false
    let lines = String(decoding: text.bytes, as: UTF8.self)
      .split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    for (index, line) in lines.enumerated() {
      if !continues {
        joined = ""
        start = index + 1
      }
      let content = trimmed(Self.withoutComment(line))
      continues = content.hasSuffix("\\")
      joined += (joined.isEmpty ? "" : " ") + trimmed(continues ? content.dropLast() : content[...])
      if !continues, !trimmed(joined).isEmpty { result.append((start, trimmed(joined))) }
    }
    if continues, !trimmed(joined).isEmpty { result.append((start, trimmed(joined))) }
    return result
  }

  /// A comment begins at "#" at the start of a line or after white space: "#" is also a part of URLs.
  private static func withoutComment(_ line: Substring) -> Substring {
    var isAfterSpace = true
    for index in line.indices {
      if line[index] == "#", isAfterSpace { return line[..<index] }
      isAfterSpace = line[index] == " " || line[index] == "\t"
    }
    return line
  }

  /// pip's configuration defines the package indexes; options that would add further requirements are refused.
  private func option(_ line: String, _ number: Int) throws(LockError) {
    let name = line.prefix { $0 != " " && $0 != "=" }
    let known = [
      "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index", "--trusted-host", "--no-binary",
      "--only-binary", "--prefer-binary", "--pre", "--require-hashes", "--use-feature",
    ]
    guard !known.contains(String(name)) else { return }
    throw fail(number, "the option \"\(name)\" has no meaning in a lockfile")
  }

  private func package(_ line: String, _ number: Int) throws(LockError) -> (LockedPackage, LockedDependency) {
    let words = line.split(separator: " ").map(String.init)
    let hashes = words.filter { $0.hasPrefix("--hash") }
    let rest = words.prefix { !$0.hasPrefix("--") }.joined(separator: " ")
    let requirement: Requirement
    do throws(RequirementSyntaxError) {
      requirement = try Requirement(rest)
    } catch {
      throw fail(number, "invalid requirement \"\(rest)\": expected \(error.expected)")
    }
    let digests = hashes.compactMap { hash -> SHA256Digest? in
      guard let colon = hash.range(of: "sha256:") else { return nil }
      return SHA256Digest(hex: lowercased(hash[colon.upperBound...]))
    }
    let name = requirement.name
    var package = LockedPackage(name: name, version: "", marker: requirement.marker)
    if let url = requirement.url {
      guard let source = PackageSource(url) else { throw fail(number, "the URL of \(name) is not supported") }
      package.source = source
      if case .archive(let url) = source {
        guard let digest = digests.first, let file = LockedFile(url: url, size: nil, sha256: digest) else {
          throw fail(number, "\(name) has no SHA-256 hash")
        }
        package.files = [file]
      }
    } else {
      guard requirement.specifiers.specifiers.count == 1, let pin = requirement.specifiers.specifiers.first,
        pin.comparison == .equal || pin.comparison == .arbitrary, !pin.isPrefix, let version = pin.version
      else { throw fail(number, "\(name) is not pinned to one version with \"==\"") }
      package.version = version.description
      guard !digests.isEmpty else {
        throw fail(number, "\(name) has no SHA-256 hash (`pip-compile --generate-hashes` writes hashes)")
      }
      package.unnamedFiles = Set(digests).sorted { $0.hex < $1.hex }
    }
    return (package, LockedDependency(name: name, extras: requirement.extras, marker: requirement.marker))
  }

  private func fail(_ line: Int, _ reason: String) -> LockError { .unreadable(path: path, line: line, reason: reason) }
}
