import Diagnostics
import TargetGraph
import Testing
import Workspace

/// Files of two source roots with one place in a bundle, over random trees.
@Suite struct SamePlacePropertyTests {
  /// Numbers that are the same for the same seed (SplitMix64).
  private struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var value = state
      value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
      return value ^ (value >> 31)
    }
  }

  @Test("A bundle has every place once, and files of one place that differ are an error that names both")
  func random() throws {
    var refused = 0
    for seed in 0..<200 {
      var numbers = Numbers(state: UInt64(seed))
      var files = [
        "one/b/BUILD": "pex_binary(name='b', dependencies=['one/p', 'one/p:data', 'two/p', 'two/p:data'])\n"
      ]
      for root in ["one", "two"] {
        files["\(root)/p/BUILD"] = "python_sources(sources=['**/*.py'])\nresources(name='data', sources=['**/*.txt'])\n"
        for name in ["__init__.py", "m0.py", "m1.py", "q/__init__.py", "q/m.py", "d.txt"] {
          guard Int.random(in: 0..<100, using: &numbers) < 60 else { continue }
          // Mostly the same text, so that equal files are met, too.
          files["\(root)/p/\(name)"] = Int.random(in: 0..<100, using: &numbers) < 75 ? "A = 1\n" : "A = 2\n"
        }
        // A generator needs a file.
        files["\(root)/p/only_\(root).py"] = ""
        files["\(root)/p/only_\(root).txt"] = ""
      }
      var places: [String: Set<String>] = [:]
      for (path, text) in files where !path.hasSuffix("BUILD") {
        places[path.split(separator: "/").dropFirst().joined(separator: "/"), default: []].insert(text)
      }
      let conflicts = places.filter { $0.value.count > 1 }.keys
      var configuration = WorkspaceConfiguration()
      configuration.sourceRoots = ["/one", "/two"]
      let resolver = try GraphFixture(files, configuration: configuration).resolver()
      let id = try resolver.id("one/b:b")
      do {
        let found = try resolver.bundlePlan(for: id).files.map(\.bundlePath)
        #expect(conflicts.isEmpty, "seed \(seed): \(conflicts.sorted()) are packed")
        #expect(found.sorted() == places.keys.sorted(), "seed \(seed)")
      } catch let error as Diagnostic {
        refused += 1
        let named = conflicts.contains { place in
          error.summary.contains("\"\(place)\"")
            && ["one", "two"].allSatisfy { root in error.notes.contains { $0.contains("\"\(root)/\(place)\"") } }
        }
        #expect(named, "seed \(seed): \(error.summary) \(error.notes), of \(conflicts.sorted())")
      }
    }
    #expect((20..<180).contains(refused), "\(refused) of 200 trees are refused")
  }
}
