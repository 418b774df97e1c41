internal import BuildFiles
internal import Bundles
internal import Diagnostics
internal import TargetGraph

/// The fields of a `pex_binary` that set the form of its bundle. A field that Kilt does not support is refused, or
/// causes a note if the bundle has its effect anyway; none is silently ignored.
struct BundleFields {
  var inheritPath: BundleSpecification.InheritPath
  var stripsPexEnvironment: Bool
  var emitsWarnings: Bool
  var includesTools: Bool
  var hasHermeticScripts: Bool
  var copiesSitePackages: Bool
  var allowsCollisions: Bool
  var firstInterpreter: String?
  /// Flags of the interpreter, such as `-u`.
  var interpreterFlags: [String] = []
  var layout: BundleSpecification.Layout
  /// Names of platforms; empty for this machine's alone.
  let platforms: [String]
  /// The values of `check` for bundles that Python cannot import from as a zip.
  var check: String
  /// Arguments and variables for the program after those of the fields.
  var arguments: [String] = []
  var environment: [String: String] = [:]
  /// The deviations from the fields, for people.
  private(set) var notes: [String] = []

  /// - Parameters:
  ///   - isForPants: whether everything that pex allows is allowed: pex warns about colliding wheels.
  ///   - warns: whether bundles warn about their cache if `emit_warnings` is not set.
  init(_ target: Target, isForPants: Bool, warns: Bool = true) throws {
    func bool(_ name: String, _ standard: Bool) -> Bool { target.value(of: name).bool ?? standard }
    inheritPath = BundleSpecification.InheritPath(rawValue: target.value(of: "inherit_path").string ?? "false") ?? .no
    stripsPexEnvironment = bool("strip_pex_env", true)
    emitsWarnings = bool("emit_warnings", warns)
    includesTools = bool("include_tools", false)
    hasHermeticScripts = bool("venv_hermetic_scripts", true)
    copiesSitePackages = bool("venv_site_packages_copies", false)
    allowsCollisions = target.given("ignore_errors")?.bool ?? isForPants
    platforms = target.strings(of: "platforms")
    check = target.value(of: "check").string ?? "warn"
    layout = BundleSpecification.Layout(rawValue: target.value(of: "layout").string ?? "zipapp") ?? .zipapp
    try Self.refuse(target)
    if let shebang = target.value(of: "shebang").string, !shebang.isEmpty {
      try apply(shebang: shebang, target, field: "shebang")
    }
    if let compress = target.given("compress")?.bool { noteCompression(compress) }
    if target.given("scie") != nil { noteScie("scie=…") }
    try apply(pexArguments: target.strings(of: "extra_build_args"), of: target)
    if bool("restartable", false) { notes.append("restartable=True has no effect on a bundle") }
  }

  mutating func note(_ text: String) {
    if !notes.contains(text) { notes.append(text) }
  }

  mutating func noteCompression(_ isAsked: Bool) {
    if isAsked { return }
    note("compress=False: wheels stay as their projects compressed them, and code is compressed")
  }

  /// One note for all of a scie's many options.
  mutating func noteScie(_ option: String) {
    if notes.contains(where: { $0.hasSuffix(Self.scieNote) }) { return }
    note(option + Self.scieNote)
  }

  private static let scieNote = ": ignored; Kilt bundles do not embed Python and use the interpreter of the host"

  /// Puts the fields into a specification, whose wheels are there already.
  func apply(to specification: inout BundleSpecification) {
    specification.inheritPath = inheritPath
    specification.stripsPexEnvironment = stripsPexEnvironment
    specification.emitsWarnings = emitsWarnings
    specification.includesTools = includesTools
    specification.hasHermeticScripts = hasHermeticScripts
    specification.copiesSitePackages = copiesSitePackages
    specification.allowsCollisions = allowsCollisions
    specification.firstInterpreter = firstInterpreter
    specification.interpreterFlags = interpreterFlags
    specification.layout = layout
    specification.arguments += arguments
    specification.environment.merge(environment) { $1 }
  }

  /// The inputs of a bundle's bytes, by field.
  var key: [(name: String, value: String)] {
    [
      ("inherit_path", inheritPath.rawValue), ("strip_pex_env", "\(stripsPexEnvironment)"),
      ("emit_warnings", "\(emitsWarnings)"), ("include_tools", "\(includesTools)"),
      ("venv_hermetic_scripts", "\(hasHermeticScripts)"), ("venv_site_packages_copies", "\(copiesSitePackages)"),
      ("ignore_errors", "\(allowsCollisions)"), ("shebang", firstInterpreter ?? ""), ("check", check),
      ("flags", interpreterFlags.joined(separator: "\n")),
      ("layout", layout.rawValue),
    ]
  }

  /// Whether Python itself can read the bundle as a zip: required for `python BUNDLE`, but not for `./BUNDLE`.
  func sizeNotes(_ bundle: Bundle, _ address: Address) throws -> [String] {
    guard check != "none", layout == .zipapp, bundle.size >= 0xffff_ffff || bundle.memberCount >= 0xffff else {
      return []
    }
    let summary =
      "\"\(address)\" has \(bundle.memberCount) files and \(bundle.size) bytes: "
      + "`python BUNDLE` cannot run a zip with 65,535 or more files, or of 4 GiB or more"
    if check == "error" {
      throw Diagnostic(.input, summary, remedies: ["start it as `./BUNDLE`, and remove check=\"error\""])
    }
    return [summary + "; ./BUNDLE works"]
  }

  /// Sets the interpreter and the flags that `shebang` names. A bundle starts through a shell, which tries that
  /// interpreter first.
  ///
  /// - Parameter field: the field that contains the shebang, for messages.
  mutating func apply(shebang: String, _ target: Target, field: String) throws {
    var words = (shebang.hasPrefix("#!") ? shebang.dropFirst(2) : shebang[...]).split(separator: " ").map(String.init)
    if let first = words.first, first.hasSuffix("/env") { words.removeFirst() }
    if words.first == "-S" { words.removeFirst() }
    let isPlain = words.first?.contains(where: { $0 == ":" || $0.isNewline || $0 == "\0" }) == false
    guard let interpreter = words.first, isPlain, !interpreter.contains("=") else {
      throw Diagnostic(
        .input, "\"\(target.address)\" has the shebang \"\(shebang)\", which does not name an interpreter",
        at: target.declaration.site.location(field: field),
        remedies: ["write it as in \"#!/usr/bin/env python3.11\"; variables belong in env={…}"])
    }
    firstInterpreter = interpreter
    try apply(flags: Array(words.dropFirst()), target, field: field)
  }

  /// Adds flags that the interpreter is started with.
  mutating func apply(flags words: [String], _ target: Target, field: String) throws {
    var rest = words[...]
    while let word = rest.popFirst() {
      let letters = word.dropFirst()
      // -W and -X take a value, in the same word or the next.
      let valueLetter = letters.firstIndex { $0 == "W" || $0 == "X" }
      let known = letters.prefix(upTo: valueLetter ?? letters.endIndex)
      let isFlag = word.hasPrefix("-") && !letters.isEmpty && known.allSatisfy { "BEIOPRSbdiqsuv".contains($0) }
      let isPlain = word.allSatisfy { !$0.isNewline && $0 != "\0" }
      guard isFlag, isPlain else {
        throw Diagnostic(
          .input, "\"\(word)\" of \"\(target.address)\" is not a flag that Python can start a bundle with",
          at: target.declaration.site.location(field: field),
          remedies: ["use flags such as -u, -O, -W ignore, -X dev; write arguments of the program in args=[…]"])
      }
      interpreterFlags.append(word)
      guard let valueLetter, letters.index(after: valueLetter) == letters.endIndex else { continue }
      guard let value = rest.popFirst(), value.allSatisfy({ !$0.isNewline && $0 != "\0" }) else {
        throw Diagnostic(
          .input, "\"\(word)\" of \"\(target.address)\" lacks its value",
          at: target.declaration.site.location(field: field), remedies: ["write it as in \"-X dev\""])
      }
      interpreterFlags.append(value)
    }
  }

  private static func refuse(_ target: Target) throws {
    func fail(_ field: String, _ why: String, _ remedy: String) -> Diagnostic {
      Diagnostic(
        .input, "\"\(target.address)\" has the field \"\(field)\": \(why)",
        at: target.declaration.site.location(field: field), remedies: [remedy])
    }
    if target.value(of: "validate_entry_point").bool == true {
      throw fail(
        "validate_entry_point", "Kilt does not execute the code of a bundle when it builds the bundle",
        "remove it; Kilt checks that the file of the entry point exists")
    }
  }
}

extension BundlePlan {
  /// The dependencies of the binary that its bundle does not contain.
  func unpackedNotes(in graph: TargetGraph) -> [String] {
    func list(_ types: Set<TargetType>) -> String? {
      let found = closure.map { graph[$0] }.filter { types.contains($0.type) }.map { "\"\($0.address)\"" }
      if found.isEmpty { return nil }
      return found.prefix(3).joined(separator: ", ") + (found.count > 3 ? " and \(found.count - 3) more" : "")
    }
    var notes: [String] = []
    if let files = list([.file, .relocatedFiles]) {
      notes.append("\"\(address)\" depends on \(files): a bundle contains resources, but not files")
    }
    return notes
  }
}
