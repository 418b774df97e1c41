import Testing

@testable import Tailor

/// Order, repetition and unused loads of BUILD files.
@Suite struct BuildFileStyleTests {
  private func fix(_ text: String) -> (text: String, rules: [String]) {
    let style = BuildFileStyle(path: "BUILD", bytes: Array(text.utf8))
    return (String(decoding: style.fixed, as: UTF8.self), style.remarks.map(\.rule.rawValue))
  }

  @Test("A list in several lines is sorted with the comments of its entries")
  func sorted() {
    let (text, rules) = fix(
      """
      target(
          # All of it.
          dependencies=[
              # The second one.
              "lib/b:b",  # really
              "!lib/z",
              "lib/a",
              ":own",
          ],
      )

      """)
    #expect(rules == ["unsorted-list"])
    #expect(
      text == """
        target(
            # All of it.
            dependencies=[
                ":own",
                "lib/a",
                # The second one.
                "lib/b:b",  # really
                "!lib/z",
            ],
        )

        """)
    #expect(fix(text).rules == [])
  }

  @Test("A list in one line is sorted, and repeated entries go")
  func oneLine() {
    let (text, rules) = fix("target(tags=[\"b\", \"a\", \"b\"], dependencies=[\"y\", \"x\",])\n")
    #expect(rules == ["unsorted-list", "repeated-entry", "unsorted-list"] || Set(rules).count == 2, "\(rules)")
    #expect(text == "target(tags=[\"a\", \"b\"], dependencies=[\"x\", \"y\",])\n")
    #expect(fix(text).rules == [])
  }

  @Test("Lists with an order of their own, and those that are computed, stay")
  func others() {
    for text in [
      "python_sources(sources=[\"b.py\", \"a.py\"])\n", "target(dependencies=[\"b\", NAME])\n",
      "target(dependencies=[\"b\" + x, \"a\"])\n", "target(dependencies=[x for x in [\"b\", \"a\"]])\n",
    ] {
      #expect(fix(text).text == text && fix(text).rules == [], "\(text)")
    }
  }

  @Test("A comment that belongs to no entry keeps a list as it is")
  func comments() {
    let text = "target(dependencies=[\n    \"b\",\n    \"a\",\n    # The end.\n])\n"
    #expect(fix(text).text == text && fix(text).rules == ["unsorted-list"])
  }

  @Test("Names that are loaded for nothing go, with the whole load where none is left")
  func loads() {
    let (text, rules) = fix(
      "load(\"//m.bzl\", \"a\", b=\"c\", \"d\")\nload(\"//n.bzl\", \"e\")\n# Stays.\na()\nb()\n")
    #expect(rules == ["unused-load", "unused-load"])
    #expect(text == "load(\"//m.bzl\", \"a\", b=\"c\")\n# Stays.\na()\nb()\n", "\(text)")
    #expect(fix(text).rules == [])
  }

  @Test("A file that cannot be read as tokens is one remark, and stays")
  func syntax() {
    let (text, rules) = fix("target(\"a)\n")
    #expect(text == "target(\"a)\n" && rules == ["syntax"])
  }
}
