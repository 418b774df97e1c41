import ArgumentParser
import Testing

@testable import KiltCommands

/// Verbs that people know from other tools.
@Suite struct OtherToolsTests {
  /// The goals of Pants' core and Python backends, and the commands of pex, pex3, `PEX_TOOLS` and uv.
  private static let verbs = """
    check complete count-loc dependencies dependents experimental-bsp experimental-deploy experimental-explorer export
    export-codegen filedeps filter fix fmt generate-lockfiles generate-snapshots lint list migrate-call-by-name package paths
    peek publish py-constraints python-dump-source-analysis repl roots run tailor test update-build-files version goals
    help-all help-advanced backends targets pex pex3 cache docs interpreter lock download wheel scie venv graph repository
    add sync tree pip python build format install shell
    """.split(whereSeparator: \.isWhitespace).map(String.init)

  @Test("Each command of Pants, pex and uv exists in Kilt, or is answered with a Kilt command", arguments: verbs)
  func answered(verb: String) throws {
    let own = Kilt.configuration.subcommands.contains { $0.configuration.commandName == verb }
    #expect(own || OtherTools.remedy(for: verb) != nil || ForeignVerbs.remedy(for: [verb]) != nil, "\(verb)")
  }

  @Test("No command of Kilt is answered as foreign, and each answer names an existing command")
  func answersAreTrue() throws {
    let own = Set(Kilt.configuration.subcommands.compactMap { $0.configuration.commandName })
    for verb in OtherTools.verbs {
      #expect(!own.contains(verb), "\(verb)")
      let remedy = try #require(OtherTools.remedy(for: verb))
      for part in remedy.split(separator: "`") where part.hasPrefix("kilt ") {
        let word = String(part.split(separator: " ")[1])
        #expect(own.contains(word) || word.hasPrefix("-") || word == "VERB", "\(verb): \(part)")
      }
    }
  }
}
