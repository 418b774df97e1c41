internal import BuildFiles
internal import Diagnostics
internal import TargetGraph
internal import Workspace

extension TargetGraph {
  /// The files that the field `complete_platforms` of a binary names, from the workspace root: by address of a `file`,
  /// as in Pants, or by path.
  ///
  /// - Throws: `Diagnostic` for a value that is neither.
  func completePlatforms(of target: Target) throws -> [String] {
    try target.strings(of: "complete_platforms").map { text in
      func fail(_ reason: String) -> Diagnostic {
        Diagnostic(
          .input, "\"\(text)\", of the complete_platforms of \"\(target.address)\", \(reason)",
          at: target.declaration.site.location(field: "complete_platforms", text: text),
          remedies: ["name a file with the output of `pex3 interpreter inspect --markers --tags`"])
      }
      for path in [text, Paths.join(target.address.directory, text)] where files.file(at: path) != nil { return path }
      let reference: AddressReference
      do throws(AddressError) {
        reference = try AddressReference(parsing: text, relativeTo: target.address.directory)
      } catch {
        throw fail("is not an address: \(error.reason)")
      }
      let address = Address(
        directory: reference.path, name: reference.target ?? Paths.lastComponent(reference.path))
      let found = targets(at: address)
      let paths = (found + found.flatMap { generated(by: $0) }).compactMap { self[$0].file }.map { files.path(of: $0) }
      guard let path = paths.first, Set(paths).count == 1 else {
        throw fail(found.isEmpty ? "does not exist" : "is not one file")
      }
      return path
    }
  }
}
