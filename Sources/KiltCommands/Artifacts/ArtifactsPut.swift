internal import ArgumentParser
internal import Artifacts
internal import Diagnostics
internal import Digests
internal import Glibc
internal import JSON
internal import SigningKeys
internal import SystemSupport

/// `kilt artifacts put`.
struct ArtifactsPut: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "put", abstract: "Put files into an artifact repository under a version.",
    discussion: """
      --type version is for files of your own, such as jars and tarballs, with a semantic version. --type static is \
      for third-party files, with any label as version. Stored files never change.

      Jobs use these files with `hashtype: version` or `hashtype: static`. `pex-runner run NAME:VERSION` runs them.

      EXAMPLES
        kilt artifacts put --type version metrics 1.4.0 build/metrics.jar
        kilt artifacts put --type static jdk 17.0.9 jdk-17.0.9.tar.gz
      """)

  enum Kind: String, ExpressibleByArgument, CaseIterable { case version, `static` }

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var output: FormatOption

  @Option(help: "Type of version: a semantic version, or any label (static).")
  var type: Kind

  @Option(help: .signingKey)
  var key: String?

  @Argument(help: "Name of the artifact.")
  var name: String

  @Argument(help: "One version. Ranges are not supported.")
  var version: String

  @Argument(help: "Files to store. Repeatable.")
  var files: [String]

  func run() throws {
    let folder = try global.workingDirectory
    let name = try ArtifactName(validating: name)
    guard let kind = ReleaseVersion.Kind(rawValue: type.rawValue) else { return }
    let version = try ReleaseVersion(validating: version, kind: kind)
    let paths = files.map { folder.pushing(FilePath($0)) }
    var entries: [Release.File] = []
    for path in paths {
      let fileName = try ArtifactName(validating: path.lastComponent?.string ?? "")
      guard !entries.contains(where: { $0.name == fileName }) else {
        throw Diagnostic(.input, "two files have the name \"\(fileName)\"", remedies: ["rename one of them"])
      }
      let status = try FileSystem.status(of: path, followingLinks: true)
      guard status.kind == .file else {
        throw Diagnostic(.input, "\"\(path)\" is not a file", remedies: ["pack a directory into an archive first"])
      }
      let (digest, size) = try SHA256Digest.ofFile(path)
      entries.append(Release.File(name: fileName, digest: digest, size: size))
    }
    guard !entries.isEmpty else { throw Diagnostic(.input, "no files are named") }
    let user = environmentVariable("USER").map { " for \($0)" } ?? ""
    var release = Release(
      name: name, version: version, files: entries, builder: "kilt \(kiltVersion)\(user)",
      created: wallClockNanoseconds() / 1_000_000_000)
    if let signer = try SigningKeySource(key: key).signer(relativeTo: folder) { try release.sign(with: signer) }
    let isNew = try artifacts.repository(global).put(release, files: paths)
    switch output.format {
    case .text:
      Terminal.standardOutput.print(
        "\(name):\(version)  \(isNew ? "put" : "already present"), \(ByteSize.text(release.size)), sha256 \(release.digest)"
      )
    case .json:
      guard var value = release.json.object else { return }
      value["digest"] = .string(release.digest.hex)
      value["new"] = .bool(isNew)
      Terminal.standardOutput.print(JSONValue.object(value).text(.pretty))
    }
  }
}
