import SystemSupport
import Testing

/// Wheels and source distributions of `python_distribution`, built by real backends. Needs an index for setuptools.
@Suite struct DistributionTests {
  private func workspace() throws -> Example {
    let example = try Example()
    try example.append("pkg/acme/core/__init__.py", "")
    try example.append(
      "pkg/acme/core/text.py", "from acme.base import NAME\nimport yaml\n\ndef main():\n    print(NAME)\n")
    try example.append("pkg/acme/core/data.txt", "data\n")
    try example.append("pkg/acme/base.py", "NAME = \"based\"\n")
    try example.append(
      "pkg/acme/core/BUILD",
      """
      python_sources(dependencies=[":data"])
      resources(name="data", sources=["data.txt"])
      python_distribution(
          name="dist", dependencies=[":core"],
          provides=python_artifact(name="acme-core", version="1.2", description="it says \\"hi\\""),
          entry_points={"console_scripts": {"acme-say": "acme.core.text:main"}},
      )
      """)
    try example.append(
      "pkg/acme/BUILD",
      """
      python_sources()
      python_distribution(
          name="dist", dependencies=[":acme"], sdist=False,
          provides=python_artifact(name="acme-base", version="1.2"),
      )
      """)
    try example.edit("kilt.toml", "source_roots = [\"/\"]", "source_roots = [\"/\", \"/pkg\"]")
    return example
  }

  @Test func aWheelAndASourceDistributionAreMadeOfWhatBelongsToThem() throws {
    let example = try workspace()
    try example.kilt("package", "pkg::")
    let names = try FileSystem.list(example.root.appending("dist")).map(\.name).filter { $0.hasPrefix("acme") }
    #expect(names == ["acme_base-1.2-py3-none-any.whl", "acme_core-1.2-py3-none-any.whl", "acme_core-1.2.tar.gz"])
    let wheel = example.root.appending("dist/acme_core-1.2-py3-none-any.whl").string
    let members = try example.execute("unzip", ["-Z1", wheel]).split(separator: "\n").map(String.init)
    #expect(
      members.filter { !$0.contains(".dist-info/") } == [
        "acme/core/__init__.py", "acme/core/data.txt", "acme/core/text.py",
      ])
    let metadata = try example.execute("unzip", ["-p", wheel, "acme_core-1.2.dist-info/METADATA"])
    #expect(metadata.contains("Summary: it says \"hi\""))
    #expect(metadata.contains("Requires-Dist: acme-base==1.2"))
    #expect(metadata.lowercased().contains("requires-dist: pyyaml"))
    #expect(
      try example.execute("unzip", ["-p", wheel, "acme_core-1.2.dist-info/entry_points.txt"])
        .contains("acme-say = acme.core.text:main"))
    let listing = try example.execute("tar", ["-tzf", "\(example.root)/dist/acme_core-1.2.tar.gz"])
    #expect(listing.contains("acme_core-1.2/acme/core/text.py") && listing.contains("acme_core-1.2/PKG-INFO"))

    // The same bytes elsewhere, from actions of a cache of its own.
    let other = try workspace()
    let script =
      "cp -a \(Example.cache) cache && rm -rf cache/records/action-1 && KILT_CACHE_DIR=$PWD/cache $KILT package pkg::"
    try other.execute("sh", ["-c", script], environment: ["KILT=\(other.programs.appending("kilt"))"])
    for name in names {
      #expect(
        try other.sha256(other.root.appending("dist").appending(name))
          == example.sha256(example.root.appending("dist").appending(name)), "\(name)")
    }
  }

  @Test func pipInstallsTheWheelAndABinaryUsesIt() throws {
    let example = try workspace()
    try example.append("app/run.py", "from acme.core.text import main\nmain()\n")
    try example.append(
      "app/BUILD",
      """
      python_sources(name="lib")
      pex_binary(name="app", entry_point="run.py", dependencies=["//pkg/acme/core:dist", "//pkg/acme:dist"])
      """)
    try example.kilt("package", "app::", "pkg::")
    let bundle = try example.bundle("app-").string
    #expect(try example.execute(bundle, []) == "based")
    let listing = try example.execute("unzip", ["-Z1", bundle]).split(separator: "\n")
    // The code is there as a wheel, and only so.
    #expect(listing.contains { $0.hasPrefix(".deps/acme_core-1.2-py3-none-any.whl/") })
    #expect(!listing.contains("acme/core/text.py"))
    let site = example.scratch.appending("site").string
    try example.execute(
      "python3",
      ["-m", "pip", "install", "--quiet", "--no-deps", "--target", site]
        + ["acme_base", "acme_core"].map { "\(example.root)/dist/\($0)-1.2-py3-none-any.whl" })
    #expect(try example.execute("\(site)/bin/acme-say", ["x"], environment: ["PYTHONPATH=\(site)"]).hasPrefix("based"))
  }

  @Test func aFileWithoutADistributionIsAnError() throws {
    let example = try workspace()
    try example.edit("pkg/acme/BUILD", "dependencies=[\":acme\"], sdist=False", "sdist=False")
    let outcome = try example.kilt(["package", "pkg/acme/core:dist"])
    #expect(outcome.termination == .exited(2))
    #expect(
      outcome.errorText.contains(
        "error: \"pkg/acme/core:dist\" depends on \"pkg/acme/base.py\", which belongs to no distribution"),
      "\(outcome.errorText)")
  }

  @Test func aProjectWithItsOwnSetupIsBuiltByItsBackend() throws {
    let example = try Example()
    try example.append(
      "own/pyproject.toml",
      """
      [build-system]
      requires = ["flit_core >=3.2,<4"]
      build-backend = "flit_core.buildapi"

      [project]
      name = "own"
      version = "3.1"
      description = "built by flit"
      requires-python = ">=3.8"

      """)
    try example.append("own/own.py", "\"\"\"Own.\"\"\"\nX = 1\n")
    try example.append(
      "own/BUILD",
      """
      python_sources(name="lib")
      resource(name="project", source="pyproject.toml")
      python_distribution(
          name="dist", dependencies=[":lib", ":project"], generate_setup=False,
          provides=python_artifact(name="own", version="3.1"), output_path="wheels",
      )
      """)
    try example.kilt("package", "own:dist")
    let names = try FileSystem.list(example.root.appending("dist/wheels")).map(\.name)
    #expect(names == ["own-3.1-py3-none-any.whl", "own-3.1.tar.gz"])
  }
}
