internal import SystemSupport

/// Several verbs in one call, as Pants takes them: `kilt tailor test package ::` runs them one after the other, in this order,
/// with the same arguments, until one of them fails.
enum SeveralVerbs {
  /// Verbs that select targets with the same words and change or print nothing that the next one would have to see.
  static let verbs: Set<String> = ["lint", "test", "package", "publish", "fmt", "check"]

  /// The calls that arguments stand for: one for each verb, or the arguments as they are.
  ///
  /// A word that a file or directory has, or that comes behind the first spec or option, is no verb.
  ///
  /// - Parameters:
  ///   - known: the verbs that this `kilt` has.
  ///   - exists: whether the working directory has a file or directory of a name.
  static func calls(
    _ arguments: [String], known: Set<String>, exists: (String) throws -> Bool
  ) rethrows -> [[String]] {
    let first = arguments.prefix { verbs.contains($0) && known.contains($0) }
    guard first.count > 1, Set(first).count == first.count, try !first.dropFirst().contains(where: exists) else {
      return [arguments]
    }
    let rest = arguments.dropFirst(first.count)
    return first.map { [$0] + rest }
  }
}
