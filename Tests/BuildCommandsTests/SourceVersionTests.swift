import BuildCommands
import Diagnostics
import Testing

@Suite struct SourceVersionTests {
  private let commit = "3f2c9d1e8a7b00112233445566778899aabbccdd"

  @Test func aNameHasTwelveDigitsAndSaysWhatIsDirty() {
    #expect(SourceVersion(commit: commit, dirtyFiles: []).name == "3f2c9d1e8a7b")
    #expect(SourceVersion(commit: commit, dirtyFiles: ["a.py"]).name == "3f2c9d1e8a7b.dirty")
    #expect(SourceVersion(commit: nil, dirtyFiles: []).name == "unversioned")
  }

  @Test func onlyACleanCommitIsPublished() throws {
    #expect(try SourceVersion(commit: commit, dirtyFiles: []).requireClean() == commit)
    #expect(throws: Diagnostic.self) { try SourceVersion(commit: nil, dirtyFiles: []).requireClean() }
  }

  @Test func manyDirtyFilesAreNotAllNamed() throws {
    let files = (10..<30).map { "file\($0).py" }
    let error = try #require(throws: Diagnostic.self) {
      try SourceVersion(commit: commit, dirtyFiles: files).requireClean()
    }
    #expect(
      DiagnosticRenderer(color: false).render(error) == """
        error: cannot publish: 20 files differ from commit 3f2c9d1e8a7b
          note: file10.py
                file11.py
                file12.py
                file13.py
                file14.py
                file15.py
                file16.py
                file17.py
                file18.py
                file19.py
                … and 10 more
          help: commit them, or run `git stash --include-untracked`

        """)
  }
}
