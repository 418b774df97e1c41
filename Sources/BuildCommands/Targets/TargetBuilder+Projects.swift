internal import BuildFiles
internal import ContentStore
internal import Digests
internal import PythonPackaging
internal import PythonProjects
internal import SystemSupport
public import TargetGraph
internal import Workspace
internal import Zip

extension TargetBuilder {
  /// Wheels with only the metadata of Python projects: they let `importlib.metadata` know the projects whose code is
  /// beside them.
  ///
  /// - Parameter ids: a closure; its requirements on projects select them.
  public func projectWheels(in ids: [TargetID]) throws -> [LocalWheel] {
    guard let projects = workspace.configuration.projects else { return [] }
    var directories: Set<String> = []
    for id in ids where graph.type(of: id) == .pythonRequirement {
      let target = graph[id]
      guard target.declaration.typeName == TargetType.projectDependencies else { continue }
      if let entry = projects.entry(at: target.address.directory), !entry.name.isEmpty {
        directories.insert(entry.directory)
      }
    }
    return try directories.sorted().compactMap { try projectWheel(of: $0) }
  }

  private func projectWheel(of directory: String) throws -> LocalWheel? {
    guard let metadata = try ProjectMetadata(at: directory, files: workspace.projectFiles) else { return nil }
    // In the escaped form of wheel names and versions.
    let name = String(normalizedProjectName(metadata.name).map { $0 == "-" ? "_" : $0 })
    let version = Version(metadata.version).map { "\($0)" } ?? "0+unknown"
    let folder = "\(name)-\(version).dist-info"
    var members: [(name: String, text: String)] = [("METADATA", metadata.metadata)]
    if !metadata.entryPoints.isEmpty { members.append(("entry_points.txt", metadata.entryPoints)) }
    members.append(("WHEEL", "Wheel-Version: 1.0\nGenerator: kilt\nRoot-Is-Purelib: true\nTag: py3-none-any\n"))
    let names = members.map { "\(folder)/\($0.name)" }
    members.append(("RECORD", (names + ["\(folder)/RECORD"]).map { $0 + ",,\n" }.joined()))
    var key = CanonicalEncoder()
    key.append("project metadata 1")
    key.append(folder)
    key.append(list: members) { encoder, member in
      encoder.append(member.name)
      encoder.append(member.text)
    }
    let contents = members
    let (content, _) = try kept("project-metadata-1", key.digest, for: nil) { path in
      let zip = try ZipWriter(creating: path)
      for member in contents {
        let file = Array(member.text.utf8).withUnsafeBytes { ZipContents(compressing: $0) }
        try zip.add(file, named: Array("\(folder)/\(member.name)".utf8))
      }
      _ = try zip.finishDirectory()
      try zip.publish()
    }
    return LocalWheel(
      fileName: "\(name)-\(version)-py3-none-any.whl", content: content, path: store.path(of: content.digest),
      members: contents.map { "\(folder)/\($0.name)" })
  }
}
