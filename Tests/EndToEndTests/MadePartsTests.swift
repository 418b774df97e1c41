import SystemSupport
import Testing

/// Tests and programs that need what is made of other targets.
@Suite struct MadePartsTests {
  /// A copy of the example in which a command makes code, data and an archive, and a distribution brings a module.
  private func example() throws -> Example {
    let example = try Example()
    try example.append("gen/input.txt", "one\n")
    try example.append(
      "gen/BUILD",
      """
      file(name="input", source="input.txt")
      shell_command(
          name="make", tools=["sed"], execution_dependencies=[":input"], output_files=["data.txt", "made.py"],
          command="sed s/o/0/ < input.txt > data.txt; echo NAME = 7 > made.py")
      experimental_wrap_as_python_sources(name="code", inputs=[":make"])
      relocated_files(name="moved", files_targets=[":make"], src="gen", dest="elsewhere")
      archive(name="packed", format="zip", files=[":input"])
      """)
    try example.append("brought/brought_module.py", "WHERE = __file__\n")
    try example.append(
      "brought/BUILD",
      """
      python_sources()
      python_distribution(
          name="dist", dependencies=[":brought"], sdist=False,
          provides=python_artifact(name="acme-brought", version="2.0"))
      """)
    try example.edit("kilt.toml", "source_roots = [\"/\"]", "source_roots = [\"/\", \"/brought\"]")
    return example
  }

  @Test func aTestSeesWhatCommandsArchivesAndRelocationsMakeAndRunsAgainWhenThatChanges() throws {
    let example = try example()
    try example.append(
      "uses/made_test.py",
      """
      import zipfile

      from gen import made


      def test_made():
          assert made.NAME == 7
          assert open("gen/data.txt").read() == open("elsewhere/data.txt").read() == "0ne\\n"
          assert zipfile.ZipFile("gen/packed.zip").namelist() == ["gen/input.txt"]
      """)
    try example.append(
      "uses/BUILD", "python_tests(dependencies=[\"gen:code\", \"gen:make\", \"gen:moved\", \"gen:packed\"])\n")
    let first = try example.kilt(["test", "uses:"])
    #expect(first.termination == .exited(0), "\(first.text)\(first.errorText)")
    #expect(try example.kilt("test", "uses:").errorText.contains("cached"))
    // An input of an input of the command.
    try example.edit("gen/input.txt", "one", "two")
    let second = try example.kilt(["test", "uses:"])
    #expect(second.termination == .exited(1))
    #expect(second.errorText.contains("made_test.py::test_made"))
    let why = try example.kilt("explain", "uses:").text
    #expect(why.contains("  will run: the last run failed, and only passing results are cached"), "\(why)")
    #expect(why.contains("    made gen/data.txt changed: "), "\(why)")
  }

  @Test func aTestHasTheWheelOfADistributionInThePlaceOfItsSources() throws {
    let example = try example()
    try example.append(
      "uses/wheel_test.py",
      """
      import os
      from importlib import metadata

      import brought_module


      def test_wheel():
          assert metadata.version("acme-brought") == "2.0"
          assert "site-packages" in brought_module.__file__
          assert not os.path.exists("brought/brought_module.py")
      """)
    try example.append("uses/BUILD", "python_tests(dependencies=[\"brought:dist\"])\n")
    let outcome = try example.kilt(["test", "uses:"])
    #expect(outcome.termination == .exited(0), "\(outcome.text)\(outcome.errorText)")
  }

  @Test func everyKindOfPackageIsBuiltForATestThatNeedsIt() throws {
    let example = try example()
    try example.append(
      "uses/package_test.py",
      """
      import os
      import subprocess


      def test_packages():
          assert subprocess.run(["tools.igorctl/igorctl.pex", "--help"], stdout=subprocess.PIPE).returncode == 0
          assert os.path.exists("gen/packed.zip")
          assert os.path.exists("acme_brought-2.0-py3-none-any.whl")
          assert not os.path.exists("tools/igorctl/igorctl.py")
      """)
    try example.append(
      "uses/BUILD",
      """
      python_tests(runtime_package_dependencies=["tools/igorctl:igorctl", "gen:packed", "brought:dist"])
      """)
    let outcome = try example.kilt(["test", "uses:"])
    #expect(outcome.termination == .exited(0), "\(outcome.text)\(outcome.errorText)")
    #expect(try example.kilt("test", "uses:").errorText.contains("cached"))
  }

  @Test func aProgramRunsWithWhatIsMadeForItAndAnEditCountsAtOnce() throws {
    let example = try example()
    try example.append("uses/tool.py", "from gen import made\n\nprint(\"said\", made.NAME)\n")
    try example.append("uses/BUILD", "python_sources(dependencies=[\"gen:code\"])\n")
    #expect(try example.kilt("run", "uses/tool.py").text == "said 7")
    try example.edit("uses/tool.py", "\"said\"", "\"told\"")
    #expect(try example.kilt("run", "uses/tool.py").text == "told 7")
    let script = "from gen import made; print(made.NAME + 1)"
    #expect(try example.kilt("repl", "uses/tool.py", "--", "-c", script).text == "8")
  }

  @Test func aCollectionLeavesWhatARunningProgramUsesAndDamageHealsItself() throws {
    let example = try Example()
    let cache = example.scratch.appending("cache")
    let environment = ["KILT_CACHE_DIR=\(cache)", "KILT=\(example.programs.appending("kilt"))"]
    try example.append(
      "uses/tool.py",
      """
      import os
      import subprocess

      if __name__ == "__main__":
          said = subprocess.run([os.environ["KILT"], "cache", "gc", "--quota", "0"], stdout=subprocess.PIPE, check=True)
          import bottle
          print(os.path.realpath(bottle.__file__))

      """)
    try example.append("uses/BUILD", "python_sources()\n")
    let path = FilePath(try example.kilt("run", "uses/tool.py", environment: environment).text)
    #expect(path.string.hasPrefix(cache.appending("unpacked/wheels").string), "\(path)")
    #expect(try example.kilt("cache", "du", environment: environment).text.contains("unpacked/wheels"))
    // A wheel whose file is cut off is noticed, taken away, and made again.
    try FileSystem.setPermissions(0o644, of: path)
    try FileSystem.write(text: "broken = True\n", to: path)
    let checked = environment + ["KILT_CACHE_VERIFY=1"]
    #expect(try example.kilt("run", "uses/tool.py", environment: checked).text == path.string)
    #expect(try FileSystem.readText(path).contains("Bottle"))
    try FileSystem.setPermissions(0o644, of: path)
    try FileSystem.write(text: "broken = True\n", to: path)
    let verified = try example.kilt(["cache", "verify"], environment: environment)
    #expect(verified.termination == .exited(1))
    #expect(verified.text.contains("damaged, removed  \(cache)/unpacked/wheels/"))
    #expect(try example.kilt("run", "uses/tool.py", environment: environment).text == path.string)
    // Nobody uses it any more.
    try example.kilt("cache", "gc", "--quota", "0", environment: environment)
    #expect(!FileSystem.exists(path))
  }

  @Test func explainSaysWhichInputOfATestChanged() throws {
    let example = try Example()
    let fresh = try example.freshResults()
    let file = "lib/auth/tokens_test.py"
    #expect(
      try example.kilt("explain", file, environment: fresh).text.hasSuffix("  will run: never run here"))
    try example.kilt("test", file, environment: fresh)
    let known = try example.kilt("explain", file, environment: fresh).text
    #expect(known.contains("for the first time\n  result is cached: none of its "), "\(known)")
    try example.append("lib/auth/tokens.py", "\n# edited\n")
    let stale = try example.kilt("explain", file, environment: fresh).text
    #expect(stale.contains("  will run, because\n    file lib/auth/tokens.py changed: "), "\(stale)")
    try example.kilt("test", file, environment: fresh)
    let again = try example.kilt("explain", file, environment: fresh).text
    #expect(again.contains(", because\n    file lib/auth/tokens.py changed: "), "\(again)")
    #expect(again.contains("  result is cached: none of its "), "\(again)")
  }
}
