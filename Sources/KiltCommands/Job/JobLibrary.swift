internal import ArgumentParser
internal import JobFiles
internal import SystemSupport

/// `kilt job library`.
struct JobLibrary: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "library", abstract: "Print the reference of the template library.",
    discussion: """
      EXAMPLES
        kilt job library | less
      """)

  @OptionGroup var global: GlobalOptions

  func run() throws { writeText(LibraryReference.markdown, to: 1) }
}
