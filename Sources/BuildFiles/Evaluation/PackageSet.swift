internal import Diagnostics

extension BuildPackage {
  /// Applies the `__defaults__` of all packages to the targets below them, expands `parametrize`, and checks that no
  /// field is lacking.
  ///
  /// - Returns: the packages by directory, and what is wrong with them.
  public static func resolve(_ packages: [BuildPackage]) -> (packages: [BuildPackage], errors: [BuildFileError]) {
    typealias Defaults = [TargetType: [TargetDeclaration.Assignment]]
    var byDirectory: [String: Defaults] = [:]
    var errors: [BuildFileError] = []
    // Byte order puts a directory before what lies below it.
    var resolved = packages.sorted { $0.directory.utf8.lexicographicallyPrecedes($1.directory.utf8) }
    for index in resolved.indices {
      let package = resolved[index]
      var inherited: Defaults = [:]
      if !byDirectory.isEmpty {
        var directory = package.directory
        while true {
          if let found = byDirectory[directory] {
            inherited = found
            break
          }
          if directory.isEmpty { break }
          directory = Paths.parent(directory)
        }
      }
      var steps = [inherited]
      for call in package.defaults {
        var next = steps[steps.count - 1]
        for (type, fields) in call.fields {
          var merged = call.extends ? next[type] ?? [] : []
          for field in fields {
            merged.removeAll { $0.name == field.name }
            merged.append(field)
          }
          next[type] = merged.isEmpty ? nil : merged
        }
        steps.append(next)
      }
      if !package.defaults.isEmpty { byDirectory[package.directory] = steps[steps.count - 1] }
      var targets: [TargetDeclaration] = []
      targets.reserveCapacity(package.targets.count)
      for var target in package.targets {
        if let fields = steps[target.defaultsBefore][target.type] {
          for field in fields where target.given(field.name) == nil { target.fields.append(field) }
        }
        do throws(BuildFileError) {
          try target.checkCompleteness(in: package.directory)
        } catch {
          errors.append(error)
          continue
        }
        targets += target.expanded()
      }
      resolved[index].targets = targets
    }
    return (resolved, errors)
  }
}
