import SystemSupport

/// What is written into the workspace.
extension RandomRepository {
  /// The configuration file, in several forms.
  func configuration(_ version: Int) -> String {
    let workspace =
      switch version {
      case 1: "source_roots = [\"/\", \"/lib\"]\nbuild_patterns = [\"BUILD\", \"BUILD.*\"]"
      case 2: "ignore = [\"new/\"]"
      case 3: "extends = \"pants.toml\"\nunknown_target_types = \"error\""
      default: ""
      }
    return """
      [workspace]
      prelude_globs = ["macros.star"]
      \(workspace)
      [python]
      default_resolve = "\(version == 4 ? "two" : "one")"
      [python.infer]
      assets = true
      string_imports = true
      init_files = "\(version == 5 ? "always" : "content_only")"
      [python.resolves]
      one = "lib/one.lock"
      two = "two.lock"

      """
  }

  /// What the configuration may extend: plugins in the workspace itself, and files that mark source roots.
  var pantsConfiguration: String {
    """
    [GLOBAL]
    pythonpath = ["%(buildroot)s/plugins"]
    [source]
    root_patterns = ["/"]
    marker_filenames = ["ROOT"]

    """
  }

  /// A plugin, which defines one type of target.
  func plugin(_ version: Int) -> String {
    "class Own(Target):\n    alias = \"\(version == 0 ? "own_type" : "other_type")\"\n"
  }

  func macros(_ version: Int) -> String {
    "def sources(**kw):\n  python_sources(tags=[\"v\(version)\"], **kw)\n"
  }

  /// What BUILD files load, which loads another file in turn.
  func loaded(_ version: Int) -> String { "load(\"//base.star\", \"BASE\")\nTAG = \"t\(version)\" + BASE\n" }

  func path() -> String { random.pick(Self.directories) + "/" + random.pick(Self.names) }

  func source() -> String {
    if random.chance(20) { return random.chance(50) ? "" : "# nothing\n" }
    var lines: [String] = []
    for _ in 0..<(1 + random.below(4)) {
      let module = random.pick(Self.directories).split(separator: "/").joined(separator: ".")
      let name = random.pick(["m", "n", "o", "q", "absent"])
      lines.append(
        random.pick([
          "import \(module).\(name)", "from \(module) import \(name)", "from . import \(name)", "import requests",
          "from \(module).\(name) import thing", "import yaml.nodes", "import os", "from .. import m",
          "try:\n  import \(module).\(name)\nexcept ImportError:\n  pass",
          "open(\"\(random.pick(Self.directories))/data.txt\")",
          "load(\"\(random.pick(["b", "c", "e", "x"]))/data.txt\")",
          "PLUGIN = \"\(module).\(name).Thing\"",
        ]))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  func build(_ directory: String) -> String {
    var lines: [String] = []
    if random.chance(15) { lines.append("__defaults__({python_sources: dict(tags=[\"d\(random.below(3))\"])})") }
    if random.chance(10) {
      lines.append(
        "__defaults__({python_sources: dict(tags=list(python_sources.tags.default or []) + [\"e\"])}, extend=True)")
    }
    if random.chance(10) {
      lines.append("target(name=\"reads\", tags=list(python_sources.tags.default or [\"nothing\"]))")
    }
    if random.chance(15) {
      lines.append("load(\"//defs.star\", \"TAG\")\nfiles(name=\"loaded\", sources=[], tags=[TAG])")
    }
    if random.chance(6) { lines.append("\(random.pick(["own_type", "other_type"]))(name=\"own\")") }
    if random.chance(10) { lines.append("target(name=\"env\", tags=[env(\"KILT_FUZZ\", \"none\")])") }
    lines.append(
      random.pick([
        "python_sources()", "sources(name=\"s\")", "python_sources(sources=[\"*.py\", \"!*_test.py\"])",
        "python_sources(name=\"deep\", sources=[\"**/*.py\"])", "python_sources(resolve=\"two\")",
        "python_sources(name=\"a1\", resolve=parametrize(\"one\", \"two\"))",
        "python_sources(overrides={\"m.py\": dict(dependencies=[\"!!lib\"])} if False else {})",
      ]))
    if random.chance(40) { lines.append("python_tests(name=\"tests\")") }
    if random.chance(40) {
      lines.append(
        random.pick(["resources(name=\"res\", sources=[", "files(name=\"res\", sources=["])
          + random.pick(["\"*.txt\"", "\"**/*.txt\""]) + "])")
    }
    if random.chance(25) { lines.append("python_requirement(name=\"req\", requirements=[\"requests\"])") }
    if random.chance(15) {
      lines.append("python_requirement(name=\"yaml\", requirements=[\"PyYAML\"], resolve=\"two\")")
    }
    if random.chance(20) { lines.append("python_requirements(name=\"reqs\")") }
    if random.chance(25) { lines.append("pex_binary(name=\"bin\", entry_point=\"m.py\")") }
    if random.chance(20) { lines.append("pex_binary(name=\"mod\", entry_point=\"lib.x.n:main\")") }
    if random.chance(4) {
      lines.append("target(name=\"linked\", dependencies=[\"\(path()):req\", \"\(path())/x/m.py\"])")
    }
    if random.chance(30) {
      let address = random.pick(["//:root", "lib", ":tests", "a/b/m.py", "d:s", "lib:req", "a:res"])
      lines.append("target(name=\"all\", dependencies=[\"\(address)\"])")
    }
    return lines.joined(separator: "\n") + "\n"
  }

}
