import ArgumentParser
import Testing

@testable import KiltCommands

/// The help of every verb.
@Suite struct HelpTests {
  private static func verbs(below command: any ParsableCommand.Type, path: [String]) -> [[String]] {
    let next = command.configuration.subcommands
    if next.isEmpty { return [path] }
    return next.flatMap { verbs(below: $0, path: path + [$0.configuration.commandName ?? "?"]) }
  }

  @Test(arguments: verbs(below: Kilt.self, path: []))
  func everyVerbHasExamplesThatFitATerminal(path: [String]) throws {
    var command: any ParsableCommand.Type = Kilt.self
    for name in path {
      command = try #require(command.configuration.subcommands.first { $0.configuration.commandName == name })
    }
    #expect(!command.configuration.abstract.isEmpty)
    let lines = command.configuration.discussion.split(separator: "\n", omittingEmptySubsequences: false)
    let examples = lines.drop { $0 != "EXAMPLES" }.dropFirst()
    #expect(examples.contains { $0.hasPrefix("  kilt \(path.joined(separator: " "))") })
    // Longer ones are wrapped in the middle.
    for line in examples { #expect(line.count <= 80, "\(line)") }
  }
}
