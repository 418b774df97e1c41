import ArgumentParser
import SystemSupport
import Testing

@testable import KiltCommands

/// The commands that the guides show: each is one that Kilt has, with arguments that it takes.
@Suite struct DocumentedCommandTests {
  private static let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

  /// Commands of a page: lines of its blocks, and texts in backticks.
  private static func commands(of page: String) -> [String] {
    var commands: [String] = []
    var isBlock = false
    for line in page.split(separator: "\n") {
      if line.drop(while: { $0 == " " }).hasPrefix("```") {
        isBlock.toggle()
      } else if isBlock {
        var text = line.drop { $0 == " " }
        if text.hasPrefix("$ ") { text = text.dropFirst(2) }
        while let space = text.firstIndex(of: " "), text[..<space].contains("="), !text.hasPrefix("kilt") {
          text = text[space...].drop { $0 == " " }
        }
        // Three spaces or a `#` end the command and begin what is said of it.
        if text.hasPrefix("kilt ") {
          commands.append(String(text.split(separator: "   ", maxSplits: 1)[0].split(separator: " #", maxSplits: 1)[0]))
        }
      } else {
        commands += line.matches(of: #/`(?:[A-Z_]+=\S+ )*(kilt [^`]*)`/#).map { String($0.1) }
      }
    }
    return commands
  }

  /// The words of a command, without what is optional, and with values in the place of names such as `COUNT`.
  private static func words(of command: String) -> [String] {
    let plain = command.replacing(#/\[[^\]]*\]/#, with: "").replacing(#/>.*$/#, with: "")
    let values = [
      "COUNT": "3", "S": "devel", "REV": "HEAD", "RIGHT": "read", "PERCENT": "90", "STAGE": "devel", "PID": "1",
      "RELEASE": "1", "KEY": "c/r/s/n", "KEY/0": "c/r/s/n/0", "NAME@COMMIT": "name@3f2c9d1e8a7b", "TEXT": "why",
      "URL": "/srv/kilt", "NAME": "name", "FILE": "x.yaml", "TARGET": "a:b", "DIR": "/tmp",
    ]
    var words: [String] = []
    var quoted: String?
    // A command that goes on in the next line is looked at as far as this one.
    for word in plain.split(separator: " ").dropFirst().map(String.init) where word != "\\" {
      if let open = quoted {
        if word.hasSuffix("\"") {
          words.append(open + " " + word.dropLast())
          quoted = nil
        } else {
          quoted = open + " " + word
        }
      } else if word.hasPrefix("\""), !word.dropFirst().hasSuffix("\"") {
        quoted = String(word.dropFirst())
      } else {
        let bare = word.filter { $0 != "\"" && $0 != "'" }
        words.append(values[bare] ?? bare)
      }
    }
    return words
  }

  @Test("Every command in the guides exists in Kilt, with valid arguments")
  func parse() throws {
    let guides = try FileSystem.list(Self.root.appending("docs")).map { "docs/" + $0.name }.sorted()
    // The reference has the forms of commands, with the names of their values.
    for page in guides.filter({ $0.hasSuffix(".md") && $0 != "docs/commands.md" }) + ["README.md"] { try parse(page) }
  }

  private func parse(_ page: String) throws {
    for command in Self.commands(of: try FileSystem.readText(Self.root.appending(page))) {
      let words = Self.words(of: command)
      // `list|next`, and a line of a format.
      if command.contains("|") || command.contains("COMMAND") || command == "kilt tree 1" { continue }
      if ForeignVerbs.remedy(for: words) != nil || OtherTools.remedy(for: words[0]) != nil {
        // Those of other tools, which are answered with one of Kilt's.
        let isVerb = Kilt.configuration.subcommands.contains { $0.configuration.commandName == words[0] }
        if !isVerb { continue }
      }
      do {
        _ = try Kilt.parseAsRoot(words)
      } catch {
        // A verb alone is the name of a command that takes more.
        let text = Kilt.message(for: error)
        let isName =
          words.allSatisfy { $0.allSatisfy { $0.isLowercase || $0 == "-" } }
          && text.hasPrefix("Missing expected argument")
        #expect(isName || Kilt.exitCode(for: error) == .success, "\(page): `\(command)`: \(text)")
      }
    }
  }
}
