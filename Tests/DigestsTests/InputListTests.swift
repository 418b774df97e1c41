import Digests
import Testing

@Suite struct InputListTests {
  private func list(_ inputs: [(String, String, String)]) -> InputList {
    var list = InputList()
    for input in inputs { list.append(input.0, input.1, input.2) }
    return list
  }

  @Test func keysDifferExactlyWhenInputsDo() {
    let base = list([("source", "a.py", "1"), ("argument", "1", "x")])
    #expect(base.digest == list([("source", "a.py", "1"), ("argument", "1", "x")]).digest)
    for other in [
      list([("source", "a.py", "2"), ("argument", "1", "x")]), list([("source", "a.py", "1")]),
      list([("argument", "1", "x"), ("source", "a.py", "1")]),
      list([("source", "a.py1", ""), ("argument", "1", "x")]),
    ] {
      #expect(base.digest != other.digest)
      #expect(!other.changes(since: base).isEmpty)
    }
    #expect(base.changes(since: base).isEmpty)
  }

  @Test func changesAreNamed() {
    let old = list([("source", "a.py", "1"), ("source", "b.py", "2"), ("argument", "1", "x")])
    let new = list([("source", "a.py", "3"), ("source", "c.py", "2"), ("argument", "1", "x")])
    #expect(
      new.changes(since: old) == [
        .changed(.init("source", "a.py", "3"), from: "1"), .added(.init("source", "c.py", "2")),
        .removed(.init("source", "b.py", "2")),
      ])
    #expect(
      list([("a", "", "1"), ("b", "", "1")]).changes(since: list([("b", "", "1"), ("a", "", "1")])) == [.reordered])
  }

  @Test func inputsOfOneNameAreComparedByPlace() {
    let old = list([("wheel", "x", "1"), ("wheel", "x", "2")])
    #expect(list([("wheel", "x", "1")]).changes(since: old) == [.removed(.init("wheel", "x", "2"))])
    #expect(
      list([("wheel", "x", "1"), ("wheel", "x", "2"), ("wheel", "x", "3")]).changes(since: old)
        == [.added(.init("wheel", "x", "3"))])
  }

  @Test func textsAreReadBack() {
    let original = list([("kind", "with\ttab", "two\nlines"), ("", "\\n", "\\"), ("é", "", "")])
    #expect(InputList(parsing: original.text) == original)
    #expect(InputList(parsing: "") == InputList())
    for broken in ["a\tb", "a\tb\tc\td", "a\tb\t\\q", "a\tb\tc\\"] { #expect(InputList(parsing: broken) == nil) }
  }
}
