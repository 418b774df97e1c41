import Testing

@testable import KiltCommands

@Suite struct UsageLineTests {
  @Test("A long usage line breaks between options, and keeps an option with its value") func wrapping() {
    let help = """
      OVERVIEW: x

      USAGE: kilt artifacts copy [--directory <path>] [--quiet] [--repository <url>] --to <url> <name@commit> ...

      OPTIONS:
      """
    #expect(
      UsageLine.wrap(help) == """
        OVERVIEW: x

        USAGE: kilt artifacts copy [--directory <path>] [--quiet] [--repository <url>]
               --to <url> <name@commit> ...

        OPTIONS:
        """)
  }
}
