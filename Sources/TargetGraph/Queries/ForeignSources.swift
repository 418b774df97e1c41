internal import BuildFiles

extension TargetGraph {
  /// The targets whose sources a file is, of types that Kilt does not build: by the globs that they name, or by those that
  /// Pants has for their type. The file need not be there any more.
  public func foreignOwners(of path: String) -> [TargetID] {
    var found: [TargetID] = []
    var directory = Paths.parent(path)
    while true {
      let relative = Paths.relative(path, to: directory)
      for id in targets(inDirectory: directory) where type(of: id) == .foreign || type(of: id) == .dockerImage {
        if self[id].foreignSources.matches(relative) { found.append(id) }
      }
      if directory.isEmpty { return found }
      directory = Paths.parent(directory)
    }
  }
}

extension Target {
  /// The files of a target of a type that Kilt does not build, from its directory.
  fileprivate var foreignSources: SourceGlobs {
    var named: [String] = []
    for field in ["source", "sources", "chart"] {
      guard let value = given(field) else { continue }
      named += value.string.map { [$0] } ?? value.strings ?? []
    }
    return SourceGlobs(named.isEmpty ? TargetType.foreignSources[typeName] ?? [] : named)
  }
}
