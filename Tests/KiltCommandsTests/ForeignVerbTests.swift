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
      // An answer such as `kilt --help` has no verb.
      #expect(
        ObjectIdentifier(command) != ObjectIdentifier(Kilt.self) || answer.hasPrefix("kilt --"), "\(verb): \(answer)")
    }
  }

  @Test("A command of two words is answered before its first word")
  func longestVerb() {
    #expect(ForeignVerbs.remedy(for: ["rollout", "undo", "x"]) == "run `kilt job rollback KEY`")
    #expect(ForeignVerbs.remedy(for: ["rollout", "x"]) == "run `kilt update status KEY`")
    #expect(ForeignVerbs.remedy(for: ["frobnicate"]) == nil)
  }

  /// The verbs of a tool, from its own help.
  struct Tool: Sendable, CustomTestStringConvertible {
    var name: String
    /// The verbs of Kilt above them.
    var below: [String] = []
    var verbs: String

    var testDescription: String { ([name] + below).joined(separator: " ") }
  }

  private static let tools = [
    Tool(
      name: "kubectl",
      verbs: """
        annotate api-resources api-versions apply attach auth autoscale certificate cluster-info completion config cordon cp \
        create debug delete describe diff drain edit events exec explain expose get kustomize label logs options patch plugin \
        port-forward proxy replace rollout run scale set taint top uncordon version wait
        """),
    Tool(
      name: "nomad",
      verbs: """
        acl agent agent-info alloc config deployment eval exec fmt init inspect job license login logs monitor namespace node \
        node-pool operator plan plugin quota recommendation run scaling sentinel server service setup start status stop \
        system tls ui validate var version volume
        """),
    Tool(
      name: "nomad", below: ["job"],
      verbs: """
        allocs deployments dispatch eval history init inspect periodic plan promote restart revert run scale scaling-events \
        start status stop tag validate
        """),
    Tool(
      name: "kamal",
      verbs: """
        accessory app audit build config deploy details docs init lock prune proxy redeploy registry remove rollback secrets \
        server setup upgrade version
        """),
  ]

  @Test("Each verb of kubectl, Nomad and Kamal is one of Kilt's, or is answered with one", arguments: tools)
  func everyVerb(tool: Tool) {
    let parent = tool.below.isEmpty ? Kilt.configuration : JobCommand.configuration
    let names = Set(parent.subcommands.compactMap { $0.configuration.commandName })
    for verb in tool.verbs.split(separator: " ").map(String.init) where !names.contains(verb) {
      let known = tool.below.isEmpty ? OtherTools.remedy(for: verb) : nil
      #expect(known != nil || ForeignVerbs.remedy(for: [verb], below: tool.below) != nil, "\(verb)")
    }
  }

  @Test("A verb of Kilt with another meaning elsewhere is answered with both")
  func otherMeaning() {
    #expect(ForeignVerbs.remedy(for: ["web-0"], below: ["logs"]) == "run `kilt job logs KEY`")
    #expect(ForeignVerbs.remedy(for: ["run", "web.nomad"], below: ["job"]) == "run `kilt deploy FILE --stage STAGE`")
    #expect(ForeignVerbs.remedy(for: ["exec"]) == "run `kilt job exec KEY/0 -- COMMAND`")
  }
}
