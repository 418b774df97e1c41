import Diagnostics
import Testing

@Test("A counted noun is in the singular for one alone") func countedNouns() {
  #expect([0, 1, 2].map { counted($0, "file") } == ["0 files", "1 file", "2 files"])
  #expect([1, 3].map { counted($0, "entry", plural: "entries") } == ["1 entry", "3 entries"])
}
