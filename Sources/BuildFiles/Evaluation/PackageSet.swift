internal import Diagnostics

extension BuildPackage {
  /// Applies the `__defaults__` of all packages to the targets below them, expands `parametrize`, and checks that no
  /// field is lacking.
  ///
  /// - Parameter reevaluating: evaluates a package again, with the defaults of the directories above it; asked for the
  ///   packages with ``readsInheritedDefaults`` below such defaults.
  /// - Returns: the packages by directory, and what is wrong with them.
  public static func resolve(
    _ packages: [BuildPackage], reevaluating: ((BuildPackage, FieldDefaults) throws -> BuildPackage)? = nil
  ) -> (packages: [BuildPackage], errors: [BuildFileError]) {
    var byDirectory: [String: FieldDefaults] = [:]
    var errors: [BuildFileError] = []
    // Byte order puts a directory before what lies below it.
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
      if resolved[index].readsInheritedDefaults, !inherited.isEmpty, let reevaluating {
        do {
          resolved[index] = try reevaluating(resolved[index], inherited)
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
        for field in steps[target.defaultsBefore][target.type] where target.given(field.name) == nil {
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

/// The values that `__defaults__` gives to fields, by target type.
public struct FieldDefaults: Sendable, Hashable {
  private var fields: [TargetType: [TargetDeclaration.Assignment]] = [:]

  /// No values.
  public init() {}

  /// Whether there are no values.
  public var isEmpty: Bool { fields.isEmpty }

  /// The values for a type.
  public subscript(type: TargetType) -> [TargetDeclaration.Assignment] { fields[type] ?? [] }

  /// The values after a call of `__defaults__`: the types that it names get its values, added to what they had where it
  /// extends; other types keep what they have.
  func applying(_ call: DefaultsCall) -> FieldDefaults {
    var result = self
    for (type, given) in call.fields {
      var merged = call.extends ? self[type] : []
      for field in given {
        merged.removeAll { $0.name == field.name }
        merged.append(field)
      }
      result.fields[type] = merged.isEmpty ? nil : merged
    }
    return result
  }
}
