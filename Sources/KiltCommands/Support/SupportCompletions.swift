internal import ArgumentParser
internal import SystemSupport

/// `kilt completions`.
struct SupportCompletions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completions", abstract: "Print the completion script of a shell.",
    discussion: """
      EXAMPLES
        kilt completions bash > ~/.local/share/bash-completion/completions/kilt
        kilt completions zsh > ~/.zfunc/_kilt   with ~/.zfunc in fpath
        kilt completions fish > ~/.config/fish/completions/kilt.fish
      """)

  enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

  @OptionGroup var global: GlobalOptions

  @Argument(help: "Name of the shell.")
  var shell: Shell

  func run() throws {
    let script =
      switch shell {
      case .bash: Kilt.completionScript(for: .bash)
      case .zsh: Kilt.completionScript(for: .zsh)
      case .fish: Kilt.completionScript(for: .fish)
      }
    writeText(script.hasSuffix("\n") ? script : script + "\n", to: 1)
  }
}
