import BuildFiles
import TargetGraph
import Testing

/// The ways between targets: what Pants' breadth-first search over edges gives.
@Suite struct PathTests {
  func ways(_ files: [String: String], _ from: String, _ to: String) throws -> [String] {
    let resolver = try GraphFixture(files).resolver()
    return try resolver.paths(from: try resolver.id(from), to: try resolver.id(to)).map { way in
      way.map { resolver.graph.address(of: $0).description }.joined(separator: " ")
    }
  }

  @Test func anEdgeIsGoneAlongOnce() throws {
    let files = [
      "p/BUILD": "python_sources()\n", "p/a.py": "import p.b, p.c\n", "p/b.py": "import p.d\n",
      "p/c.py": "import p.d\n",
      "p/d.py": "import p.e, p.f\n", "p/e.py": "import p.f\n", "p/f.py": "",
    ]
    // The edge from d to e was gone along on the way through b.
    #expect(
      try ways(files, "p/a.py", "p/f.py") == [
        "p/a.py p/b.py p/d.py p/f.py", "p/a.py p/c.py p/d.py p/f.py", "p/a.py p/b.py p/d.py p/e.py p/f.py",
      ])
  }

  @Test func aCircleIsAnErrorUnlessAPluginsTypeMayMakeItOneOfFiles() throws {
    func text(_ type: String) -> String {
      message {
        let build = "target(name=\"a\", dependencies=[\":b\"])\n\(type)(name=\"b\", dependencies=[\":a\"])\n"
        let resolver = try GraphFixture(["d/BUILD": build]).resolver()
        try resolver.checkCycles(from: [try resolver.id("d:a")])
      }
    }
    #expect(text("target").contains("targets depend on each other in a cycle"))
    #expect(text("openapi_sources") == "no error")
  }

  @Test func aCircleThroughAFileIsFineWhereverItIsEntered() throws {
    // Whole targets depend on each other, through files of each.
    let files = [
      "ui/BUILD": "python_sources(dependencies=['ui/static'])\n", "ui/views.py": "import util.find\n",
      "ui/static/BUILD": "target()\n",
      "util/BUILD": "python_sources()\n", "util/find.py": "import app\n",
      "app/BUILD": "python_sources(dependencies=['ui'])\npex_binary(name='x', script='x', dependencies=[':app'])\n",
      "app/__init__.py": "x = 1\n",
    ]
    let resolver = try GraphFixture(files).resolver()
    for address in ["app:x", "ui:ui", "ui/views.py", "app/__init__.py", "util:util"] {
      try resolver.checkCycles(from: [try resolver.id(address)])
    }
  }

  @Test func aCircleOfWholeTargetsIsFoundBehindFiles() throws {
    let files = [
      "a/BUILD": "python_sources(dependencies=['b:one'])\n", "a/a.py": "",
      "b/BUILD": "target(name='one', dependencies=[':two'])\ntarget(name='two', dependencies=[':one'])\n",
    ]
    let text = message {
      let resolver = try GraphFixture(files).resolver()
      try resolver.checkCycles(from: [try resolver.id("a:a")])
    }
    #expect(text.contains("b:one\n") && text.contains("-> b:two"))
  }

  @Test func circlesComeToAnEnd() throws {
    let files = [
      "p/BUILD": "python_sources()\n", "p/a.py": "import p.b\n", "p/b.py": "import p.a, p.c\n",
      "p/c.py": "import p.b\n",
    ]
    #expect(try ways(files, "p/a.py", "p/c.py") == ["p/a.py p/b.py p/c.py"])
    #expect(try ways(files, "p/a.py", "p/a.py") == ["p/a.py"])
  }

  @Test func generatorsAreWhatTheyGenerate() throws {
    let files = [
      "lib/BUILD": "python_sources()\n", "lib/a.py": "", "lib/b.py": "import lib.a\n",
      "BUILD": "target(name='all', dependencies=['lib', ':none'])\nresources(name='none', sources=['*.x'])\n",
    ]
    #expect(try ways(files, "//:all", "lib/a.py") == ["//:all lib/a.py", "//:all lib/b.py lib/a.py"])
    #expect(try ways(files, "lib:lib", "lib/a.py") == ["lib:lib lib/a.py", "lib:lib lib/b.py lib/a.py"])
    #expect(try ways(files, "//:all", "//:none") == ["//:all //:none"])
  }

  @Test func noWayLeadsOverWhatTheFirstTargetExcludes() throws {
    let files = [
      "p/BUILD": "python_sources()\npex_binary(name='x', entry_point='a.py', dependencies=['!!p/b.py'])\n",
      "p/a.py": "import p.b\n", "p/b.py": "import p.c\n", "p/c.py": "",
    ]
    #expect(try ways(files, "p:x", "p/c.py") == [])
    #expect(try ways(files, "p:x", "p/b.py") == ["p:x p/a.py p/b.py"])
    #expect(try ways(files, "p/a.py", "p/c.py") == ["p/a.py p/b.py p/c.py"])
  }
}
