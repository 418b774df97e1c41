internal import BuildFiles
internal import Diagnostics
internal import Workspace

/// The program that a bundle starts.
public enum BundleEntryPoint: Hashable, Sendable {
  /// A module, run as a program, or a function of it without arguments.
  case module(String, function: String?)
  /// A console script of a third-party distribution.
  case script(String)
  /// A file that is not a module: its path in the bundle, and from the workspace root.
  case executable(String, file: String)
}

extension TargetGraph {
  /// The program of a `pex_binary`; nil if it only contains code.
  ///
  /// `entry_point` is a file of the target's directory or a module, either with `:function`.
  ///
  /// - Throws: `Diagnostic` if the file is missing or is in no source root.
  public func entryPoint(of target: Target) throws -> BundleEntryPoint? {
    if let script = target.value(of: "script").string { return .script(script) }
    let site = target.declaration.site
    if let path = target.value(of: "executable").string {
      let full = Paths.join(target.address.directory, path)
      guard files.file(at: full) != nil else { throw missingEntry(path, target, field: "executable") }
      let root = sourceRoots.root(of: Paths.parent(full)) ?? ""
      return .executable(Paths.relative(full, to: root), file: full)
    }
    guard let text = target.value(of: "entry_point").string else { return nil }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let function = parts.count > 1 ? parts[1] : nil
    guard parts[0].hasSuffix(".py") else { return .module(parts[0], function: function) }
    guard let path = Paths.normalized(Paths.join(target.address.directory, parts[0])), files.file(at: path) != nil
    else { throw missingEntry(parts[0], target, field: "entry_point") }
    guard let module = moduleName(ofFile: path) else {
      throw Diagnostic(
        .input, "\"\(path)\", started by \"\(target.address)\", is not in a source root",
        at: site.location(field: "entry_point"),
        notes: ["source roots: " + configuration.sourceRoots.joined(separator: ", ")])
    }
    return .module(module, function: function)
  }

  private func missingEntry(_ path: String, _ target: Target, field: String) -> Diagnostic {
    let names =
      files.directory(at: target.address.directory).map { id in files.files(in: id).map { files.name(of: $0) } } ?? []
    return Diagnostic(
      .input, "\"\(target.address)\" starts \"\(path)\", which does not exist",
      at: target.declaration.site.location(field: field),
      remedies: Suggestions.remedy(for: path, among: names).map { [$0] } ?? [])
  }
}
