internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import SchedulerClient

/// `kilt token list`.
struct TokenList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the tokens of a scheduler with their rights.",
    discussion: """
      EXAMPLES
        kilt token list
        kilt token list --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: SchedulerOptions
  @OptionGroup var output: FormatOption

  func run() throws {
    let answer = try options.client(global).tokens()
    switch output.format {
    case .json: Terminal.standardOutput.print((answer["tokens"] ?? []).text(.pretty))
    case .text:
      for token in answer["tokens"]?.array ?? [] {
        let rights = (token["rights"]?.strings ?? []).joined(separator: ", ")
        var parts = [token["name"]?.string ?? "", rights]
        if let expires = token["expires"]?.string {
          parts.append("\(token["expired"]?.bool == true ? "expired" : "expires") \(expires)")
        }
        parts.append("created \(token["created"]?.string ?? "") by \(token["created_by"]?.string ?? "")")
        if let use = token["last_use"]?.string { parts.append("last used \(use)") }
        Terminal.standardOutput.print(parts.map(PlainText.line).joined(separator: "  "))
      }
    }
  }
}
