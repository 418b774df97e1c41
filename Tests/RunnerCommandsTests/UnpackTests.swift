import Artifacts
import JSON
import SystemSupport
import Testing

/// `pex-runner unpack`, which installers of jobs call, and the lists as JSON.
@Suite("pex-runner unpack, and lists in JSON") struct UnpackTests {
  let fixture: RunnerFixture

  init() throws { fixture = try RunnerFixture() }

  private func python(_ script: String) throws {
    let outcome = try Subprocess("python3", ["-c", script], workingDirectory: fixture.scratch).run()
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
  }

  private func text(_ path: String) throws -> String { try FileSystem.readText(fixture.scratch.appending(path)) }

  @Test("Tar, zip and single files are unpacked, also over existing files")
  func unpacking() throws {
    try python(
      """
      import gzip, lzma, os, tarfile, zipfile
      os.makedirs('site-1/pages')
      open('site-1/pages/index', 'w').write('page')
      with tarfile.open('site.tar.xz', 'w:xz') as file: file.add('site-1')
      with zipfile.ZipFile('site.jar', 'w') as file: file.write('site-1/pages/index', 'pages/index')
      gzip.open('words.gz', 'w').write(b'words')
      lzma.open('words.xz', 'w').write(b'other words')
      """)
    for _ in 0..<2 {
      #expect(try fixture.run("unpack", "--strip", "1", "site.tar.xz", "out").termination == .exited(0))
      #expect(try text("out/pages/index") == "page")
    }
    #expect(try fixture.run("unpack", "site.jar", "jar").termination == .exited(0))
    #expect(try text("jar/pages/index") == "page")
    #expect(try fixture.run("unpack", "--file", "words.gz", "words").termination == .exited(0))
    #expect(try text("words") == "words")
    #expect(try fixture.run("unpack", "--file", "words.xz", "words").termination == .exited(0))
    #expect(try text("words") == "other words" && !FileSystem.exists(fixture.scratch.appending("words.part")))
  }

  @Test("A file that is not an archive, not compressed or unsafe is refused, and nothing is written elsewhere")
  func refusals() throws {
    try python(
      """
      import io, tarfile
      def tar(path, name, **fields):
        with tarfile.open(path, 'w') as file:
          info = tarfile.TarInfo(name)
          for field, value in fields.items(): setattr(info, field, value)
          file.addfile(info, io.BytesIO(b'text') if info.size else None)
      tar('up.tar', '../escaped', size=4)
      tar('link.tar', 'passwd', type=tarfile.SYMTYPE, linkname='/etc/passwd')
      open('plain', 'w').write('no archive at all')
      """)
    for (archive, reason) in [
      ("up.tar", "\"..\""), ("link.tar", "a symbolic link"), ("plain", "cannot read the archive"),
    ] {
      let outcome = try fixture.run("unpack", archive, "out")
      #expect(outcome.termination == .exited(2) && outcome.errorText.contains(reason), "\(outcome.errorText)")
    }
    let plain = try fixture.run("unpack", "--file", "plain", "target")
    #expect(plain.termination == .exited(2) && plain.errorText.contains("is not compressed"), "\(plain.errorText)")
    #expect(try fixture.run("unpack", "absent.tar").termination == .exited(3))
    #expect(try fixture.run("unpack", "--file", "plain").termination == .exited(2))
    #expect(try fixture.run("unpack", "--strip", "many", "up.tar").termination == .exited(2))
    for name in ["escaped", "target", "out/passwd"] { #expect(!FileSystem.exists(fixture.scratch.appending(name))) }
  }

  @Test("Names, commits and the cache are printed as JSON")
  func lists() throws {
    try fixture.publish()
    try fixture.publish("igor", "b")
    func json(_ arguments: String...) throws -> JSONValue {
      let outcome = try Subprocess(fixture.executable.string, arguments, environment: fixture.environment).run()
      #expect(outcome.termination == .exited(0), "\(outcome.errorText)")
      return try JSONValue(parsing: outcome.output)
    }
    #expect(try json("list", "--format", "json") == ["igor"])
    let commits = try json("list", "igor", "--format=json").array ?? []
    #expect(Set(commits.compactMap { $0["commit"]?.string?.first }) == ["a", "b"])
    #expect(
      commits.allSatisfy {
        $0["platforms"]?.strings == [ArtifactPlatform.current.text] && $0["published"]?.string != nil
      })
    #expect(try json("cache", "list", "--format", "json")["bundles"] == [])
    #expect(try fixture.run("fetch", "-q", "igor@aaaaaaaaaaaa").termination == .exited(0))
    let bundle = try json("cache", "list", "--format", "json")["bundles"]?.array?.first
    #expect(bundle?["references"]?.strings?.first?.hasPrefix("igor@aaaa") == true, "\(bundle?.text() ?? "")")
    #expect(bundle?["size"]?.int ?? 0 > 100_000 && bundle?["newest"]?.bool == true)
    let wrong = try fixture.run("list", "--format", "yaml")
    #expect(wrong.termination == .exited(2) && wrong.errorText.contains("one of: text, json"))
  }
}
