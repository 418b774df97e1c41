import ArgumentParser
import Testing

@testable import KiltCommands

/// The answers to verbs of other tools.
@Suite struct ForeignVerbTests {
  @Test("Every answer to a foreign command names an existing command")
  func answersExist() {
    for (verb, answer) in ForeignVerbs.commands {
      var command: any ParsableCommand.Type = Kilt.self
      let words = answer.split(separator: " ").dropFirst()
      for word in words where word.allSatisfy({ $0.isLowercase || $0 == "-" }) && !word.hasPrefix("-") {
        let next = command.configuration.subcommands.first { $0.configuration.commandName == String(word) }
        guard let next else {
          // What follows the last verb are arguments, such as the program of `exec`.
          #expect(command.configuration.subcommands.isEmpty, "\(verb): \(answer)")
          break
        }
        command = next
      }
      #expect(ObjectIdentifier(command) != ObjectIdentifier(Kilt.self), "\(verb): \(answer)")
    }
  }

  @Test("A command of two words is answered before its first word")
  func longestVerb() {
    #expect(ForeignVerbs.remedy(for: ["rollout", "undo", "x"]) == "run `kilt job rollback KEY`")
    #expect(ForeignVerbs.remedy(for: ["rollout", "x"]) == "run `kilt update status KEY`")
    #expect(ForeignVerbs.remedy(for: ["frobnicate"]) == nil)
  }
}
