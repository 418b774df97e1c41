import Artifacts
import SystemSupport
import Testing

@Suite("Tools by name, branches, and versions")
struct ToolTests {
  let fixture: RunnerFixture
  let bin: FilePath

  init() throws {
    fixture = try RunnerFixture()
    bin = fixture.scratch.appending("bin")
  }

  /// Publishes a program that prints a word, as the newest commit of a branch.
  private func publish(_ word: String, _ commit: Character, on branch: String = "main") throws {
    let manifest = try fixture.publish("igor", commit, script: "echo \(word) \"$@\"\nexit 0\n")
    let branch = try #require(BranchName(branch))
    try fixture.repository.updateIndex(of: branch, platform: .current) { index in
      index.record(
        manifest.key.name, commit: manifest.key.commit,
        packed: .init(
          inputs: manifest.digest, commit: manifest.key.commit, digest: manifest.digest, size: manifest.size)
      ) { _ in true }
    }
  }

  private func start(_ name: String, _ arguments: String...) throws -> Subprocess.Outcome {
    try Subprocess(
      name, arguments,
      environment: fixture.environment.map { $0.hasPrefix("PATH=") ? "PATH=\(bin):/usr/bin:/bin" : $0 },
      workingDirectory: fixture.scratch
    ).run()
  }

  @Test("A branch means its newest commit, or offline the last known commit") func branches() throws {
    try publish("one", "a")
    #expect(try fixture.run("run", "-q", "igor@main").text == "one")
    try publish("two", "b")
    #expect(try fixture.run("run", "-q", "igor@main").text == "two")
    try FileSystem.rename(fixture.repositoryPath, to: fixture.scratch.appending("moved"))
    let outcome = try fixture.run("run", "igor@main")
    #expect(outcome.text == "two")
    #expect(outcome.errorText.contains("using bbbbbbbbbbbb, the last known commit of igor@main"))
    try FileSystem.rename(fixture.scratch.appending("moved"), to: fixture.repositoryPath)
    let unknown = try fixture.run("run", "igor@man")
    #expect(unknown.termination == .exited(2))
    #expect(unknown.errorText.contains("did you mean \"main\"?"))
  }

  @Test("An installed tool runs one commit until it is updated, and sends no request") func tools() throws {
    try publish("one", "a")
    let installed = try fixture.run("install", "igor@main", "--as", "ig", "--to", bin.string)
    #expect(installed.termination == .exited(0), "\(installed.errorText)")
    #expect(try FileSystem.readLink(bin.appending("ig")) == fixture.executable)
    #expect(try start(bin.appending("ig").string, "x", "--y").text == "one x --y")
    try publish("two", "b")
    #expect(try start("ig").text == "one")
    let which = try start(fixture.executable.string, "which", "ig").text.split(separator: "\n").map(String.init)
    #expect(which[0] == bin.appending("ig").string && which[1] == "igor@main")
    #expect(which[3].hasSuffix("/igor.pex"))
    #expect(
      try fixture.run("update", "-q", "--to", bin.string).text == "ig  bbbbbbbbbbbb  updated from aaaaaaaaaaaa")
    #expect(try fixture.run("update", "-q", "--to", bin.string).text == "ig  bbbbbbbbbbbb  up to date")
    try FileSystem.rename(fixture.repositoryPath, to: fixture.scratch.appending("moved"))
    let outcome = try start("ig", "z")
    #expect(outcome.text == "two z")
    #expect(outcome.errorText == "")
  }

  @Test("No file of another owner is replaced, and a link without its file is reported") func refusals() throws {
    try publish("one", "a")
    try FileSystem.createDirectories(bin)
    try FileSystem.write(text: "mine", to: bin.appending("igor"))
    let outcome = try fixture.run("install", "igor@main", "--to", bin.string)
    #expect(outcome.termination == .exited(2))
    #expect(outcome.errorText.contains("another file of that name exists"))
    #expect(try FileSystem.readText(bin.appending("igor")) == "mine")
    try FileSystem.createSymbolicLink(at: bin.appending("lost"), to: fixture.executable)
    let lost = try start(bin.appending("lost").string)
    #expect(lost.termination == .exited(2))
    #expect(lost.errorText.contains("is not an installed tool"))
    try FileSystem.write(text: "artifact = igor\n", to: bin.appending("lost.ref"))
    #expect(try start(bin.appending("lost").string).termination == .exited(2))
  }

  @Test("cache verify removes damaged entries and names them") func cacheVerification() throws {
    try publish("one", "a")
    _ = try fixture.run("fetch", "-q", "igor@aaaaaaa")
    #expect(try fixture.run("cache", "verify").text == "1 of 1 bundles are intact")
    let path = try fixture.run("path", "igor@aaaaaaa").text
    try FileSystem.write(text: "#!/bin/sh\necho wrong\n", to: FilePath(path), permissions: 0o755)
    let outcome = try fixture.run("cache", "verify")
    #expect(outcome.termination == .exited(1))
    #expect(outcome.text.contains("damaged, removed: igor@aaaaaaaaaaaa"))
    #expect(try fixture.run("run", "-q", "igor@aaaaaaa").text == "one")
  }

  @Test("NAME:VERSION runs a stored file, from the cache without the repository") func versions() throws {
    let file = fixture.scratch.appending("tool.sh")
    try FileSystem.write(text: "#!/bin/sh\necho version \"$@\"\nexit 5\n", to: file)
    let put = try Subprocess(
      fixture.executable.removingLastComponent().appending("kilt").string,
      ["artifacts", "put", "--type", "version", "tool", "1.2.0", file.string], environment: fixture.environment,
      workingDirectory: fixture.scratch
    ).run()
    try #require(put.termination.isSuccess, "\(put.errorText)")
    let first = try fixture.run("run", "tool:1.2.0", "a", "--b")
    #expect(first.text == "version a --b")
    #expect(first.termination == .exited(5))
    try FileSystem.removeTree(fixture.repositoryPath)
    #expect(try fixture.run("run", "tool:1.2.0").text == "version")
    #expect(try fixture.run("path", "tool:1.2.0").text.hasSuffix("/tool.sh"))
    #expect(try fixture.run("run", "tool:^1.2").termination == .exited(2))
    // A damaged record is not an absent one: the error says what is wrong, and not only that nothing was found.
    try FileSystem.write(text: "{", to: fixture.cachePath.appending("releases/tool/1.2.0/release"))
    let damaged = try fixture.run("run", "tool:1.2.0")
    #expect(damaged.termination == .exited(3))
    #expect(damaged.errorText.contains("the runner cache has a damaged file"), "\(damaged.errorText)")
  }
}
