import BuildFiles
import TargetGraph
import Testing

/// Requirements of one package on several lines: entries of a target, targets, lines of a file, in any spelling.
@Suite struct SeveralLinesTests {
  private static let markers = [
    "", "; python_version < '3.11'", "; sys_platform == 'linux'", " ; python_version >= \"3.8\" and os_name != 'nt'",
  ]

  private func line(_ numbers: inout SeededNumbers) -> String {
    var name = ""
    for part in ["my", "lib", "core"] {
      if !name.isEmpty { name += numbers.pick(["-", "_", ".", "--", "-_."]) }
      name += numbers.chance(50) ? part : part.uppercased()
    }
    let extras = numbers.chance(40) ? numbers.pick(["[fast]", "[Fast,tls-io]", "[ tls_io ]"]) : ""
    return name + extras + numbers.pick(["", "==1.0", ">=1,<2", " ~= 1.4"]) + numbers.pick(Self.markers)
  }

  @Test("All lines of one package are one provider, and all of them are dependencies", arguments: 0..<80)
  func oneProvider(seed: UInt64) throws {
    var numbers = SeededNumbers(seed: seed)
    var build = ""
    var file = "# the others\nother==1\n"
    for target in 0...numbers.below(3) {
      let lines = (0...numbers.below(2)).map { _ in line(&numbers) }
      if numbers.chance(50) {
        let entries = lines.map { "r\"\"\"\($0)\"\"\"" }.joined(separator: ", ")
        build += "python_requirement(name='t\(target)', requirements=[\(entries)], modules=['my_lib'])\n"
      } else {
        file += lines.joined(separator: "\n") + "\n"
      }
    }
    // A mapping of a package that the file does not have is warned of.
    let mapping = file.lowercased().contains("my") ? ", module_mapping={'my-lib-core': ['my_lib']}" : ""
    build += "python_requirements(name='reqs', source='requirements.txt'\(mapping))\n"
    let resolver = try GraphFixture([
      "3rdparty/BUILD": build, "3rdparty/requirements.txt": file, "m/BUILD": "python_sources()\n",
      "m/x.py": "import my_lib.sub\nfrom my_lib import y\n",
    ]).resolver()
    let graph = resolver.graph
    let providers = graph.allTargets.filter { id in
      graph[id].type == .pythonRequirement
        && graph[id].strings(of: "requirements").contains { $0.lowercased().hasPrefix("my") }
    }
    #expect(!providers.isEmpty)
    let found = try resolver.dependencies("m/x.py")
    #expect(found == resolver.names(providers), "\(build)\n\(file)")
    #expect(try resolver.warnings().isEmpty, "\(build)\n\(file)")
  }
}
