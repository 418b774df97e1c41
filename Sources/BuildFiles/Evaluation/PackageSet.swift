internal import Diagnostics

extension BuildDirectory {
  /// Applies the `__defaults__` of all BUILD directories to the targets below them, expands `parametrize`, and checks
  /// for missing fields. Evaluates the directories that wait for the values of directories above.
  ///
  /// - Returns: the BUILD directories by path, and their problems.
  public static func resolve(
    _ packages: [BuildDirectory]
  ) -> (packages: [BuildDirectory], errors: [BuildFileError]) {
    var byDirectory: [String: FieldDefaults] = [:]
    var errors: [BuildFileError] = []
    // Byte order puts a directory before everything below it.
    var resolved = packages.sorted { $0.directory.utf8.lexicographicallyPrecedes($1.directory.utf8) }
    for index in resolved.indices {
      var inherited = FieldDefaults()
      if !byDirectory.isEmpty {
        var directory = resolved[index].directory
        while true {
          if let found = byDirectory[directory] {
            inherited = found
            break
          }
          if directory.isEmpty { break }
          directory = Paths.parent(directory)
        }
      }
      if let evaluate = resolved[index].awaiting {
        do {
          resolved[index] = try evaluate(inherited)
        } catch {
          errors.append(BuildFileError(error))
          continue
        }
      }
      let package = resolved[index]
      var steps = [inherited]
      for call in package.defaults {
        steps.append(steps[steps.count - 1].applying(call))
      }
      if !package.defaults.isEmpty { byDirectory[package.directory] = steps[steps.count - 1] }
      var targets: [TargetDeclaration] = []
      targets.reserveCapacity(package.targets.count)
      for var target in package.targets {
        for field in steps[target.defaultsBefore][FieldDefaults.key(of: target.type, target.typeName)]
        where target.given(field.name) == nil {
          target.fields.append(field)
        }
        do throws(BuildFileError) {
          let expanded = try target.expanded(in: package.directory)
          for variant in expanded { try variant.checkCompleteness(in: package.directory) }
          targets += expanded
        } catch {
          errors.append(error)
        }
      }
      resolved[index].targets = targets
    }
    return (resolved, errors)
  }
}
