internal import BuildFiles
internal import Bundles
internal import Diagnostics
internal import TargetGraph

/// The fields of a `pex_binary` that say what form its bundle has. What Kilt does not do is refused, or noted where the
/// bundle does what is meant anyway; nothing is passed over in silence.
struct BundleFields {
  let inheritPath: BundleSpecification.InheritPath
  let stripsPexEnvironment: Bool
  let emitsWarnings: Bool
  let includesTools: Bool
  let hasHermeticScripts: Bool
  let copiesSitePackages: Bool
  let allowsCollisions: Bool
  let firstInterpreter: String?
  let layout: BundleSpecification.Layout
  /// Names of platforms; empty for this machine's alone.
  let platforms: [String]
  /// What `check` says of bundles that Python can not import from as a zip.
  let check: String
  /// What is done otherwise than the fields say, for people.
  private(set) var notes: [String] = []

  init(_ target: Target) throws {
    func bool(_ name: String, _ standard: Bool) -> Bool { target.value(of: name).bool ?? standard }
    inheritPath = BundleSpecification.InheritPath(rawValue: target.value(of: "inherit_path").string ?? "false") ?? .no
    stripsPexEnvironment = bool("strip_pex_env", true)
    emitsWarnings = bool("emit_warnings", true)
    includesTools = bool("include_tools", false)
    hasHermeticScripts = bool("venv_hermetic_scripts", true)
    copiesSitePackages = bool("venv_site_packages_copies", false)
    allowsCollisions = bool("ignore_errors", false)
    platforms = target.strings(of: "platforms")
    check = target.value(of: "check").string ?? "warn"
    firstInterpreter = try Self.interpreter(target)
    layout = BundleSpecification.Layout(rawValue: target.value(of: "layout").string ?? "zipapp") ?? .zipapp
    try Self.refuse(target)
    if target.given("compress")?.bool == false {
      notes.append("compress=False: wheels stay as their projects compressed them, and code is compressed")
    }
    if bool("restartable", false) { notes.append("restartable=True has no effect on a bundle") }
  }

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
    specification.layout = layout
  }

  /// What a bundle's bytes depend on, by field.
  var key: [(name: String, value: String)] {
    [
      ("inherit_path", inheritPath.rawValue), ("strip_pex_env", "\(stripsPexEnvironment)"),
      ("emit_warnings", "\(emitsWarnings)"), ("include_tools", "\(includesTools)"),
      ("venv_hermetic_scripts", "\(hasHermeticScripts)"), ("venv_site_packages_copies", "\(copiesSitePackages)"),
      ("ignore_errors", "\(allowsCollisions)"), ("shebang", firstInterpreter ?? ""), ("check", check),
      ("layout", layout.rawValue),
    ]
  }

  /// Whether Python itself can read the bundle as a zip: `python BUNDLE`, not `./BUNDLE`, depends on that.
  func sizeNotes(_ bundle: Bundle, _ address: Address) throws -> [String] {
    guard check != "none", layout == .zipapp, bundle.size >= 0xffff_ffff || bundle.memberCount >= 0xffff else {
      return []
    }
    let summary =
      "\"\(address)\" has \(bundle.memberCount) files and \(bundle.size) bytes: "
      + "\"python BUNDLE\" reads no zip of 65,535 files or 4 GiB"
    if check == "error" {
      throw Diagnostic(.input, summary, remedies: ["start it as ./BUNDLE, which works, and remove check=\"error\""])
    }
    return [summary + "; ./BUNDLE works"]
  }

  /// The interpreter that `shebang` names: a bundle starts through a shell, which looks for that one first.
  private static func interpreter(_ target: Target) throws -> String? {
    guard let shebang = target.value(of: "shebang").string, !shebang.isEmpty else { return nil }
    var words = (shebang.hasPrefix("#!") ? shebang.dropFirst(2) : shebang[...]).split(separator: " ").map(String.init)
    if let first = words.first, first.hasSuffix("/env") { words.removeFirst() }
    if words.first == "-S" { words.removeFirst() }
    let isPlain = words.first?.contains(where: { $0 == ":" || $0.isNewline || $0 == "\0" }) == false
    guard let interpreter = words.first, isPlain, words.count == 1 else {
      throw Diagnostic(
        .input, "\"\(target.address)\" has the shebang \"\(shebang)\", which names no interpreter alone",
        at: target.declaration.site.location(field: "shebang"),
        remedies: ["write it as in \"#!/usr/bin/env python3.11\"; flags and variables belong into env={…}"])
    }
    return interpreter
  }

  private static func refuse(_ target: Target) throws {
    func fail(_ field: String, _ why: String, _ remedy: String) -> Diagnostic {
      Diagnostic(
        .input, "\"\(target.address)\" has the field \"\(field)\": \(why)",
        at: target.declaration.site.location(field: field), remedies: [remedy])
    }
    if !target.strings(of: "extra_build_args").isEmpty {
      throw fail(
        "extra_build_args", "there is no pex command that could take them", "remove it, or use the field meant")
    }
    if target.given("scie") != nil {
      throw fail(
        "scie", "no interpreter is put into a bundle", "remove it; interpreter_constraints choose one on the host")
    }
    if target.value(of: "validate_entry_point").bool == true {
      throw fail(
        "validate_entry_point", "a bundle's code is not executed when it is packed",
        "remove it; files that entry points name are looked for anyway")
    }
  }
}

extension BundlePlan {
  /// What the binary depends on and its bundle does not hold.
  func unpackedNotes(in graph: TargetGraph) -> [String] {
    func list(_ types: Set<TargetType>) -> String? {
      let found = closure.map { graph[$0] }.filter { types.contains($0.type) }.map { "\"\($0.address)\"" }
      if found.isEmpty { return nil }
      return found.prefix(3).joined(separator: ", ") + (found.count > 3 ? " and \(found.count - 3) more" : "")
    }
    var notes: [String] = []
    if let files = list([.file, .relocatedFiles]) {
      notes.append("\"\(address)\" depends on \(files): files are no part of a bundle, resources are")
    }
    if let distributions = list([.pythonDistribution]) {
      notes.append("\"\(address)\" depends on \(distributions): its code is in the bundle, its metadata is not")
    }
    return notes
  }
}
