import SystemSupport
import Testing

/// Where `kilt test` takes pytest, its plugins and its configuration from.
@Suite struct TestToolTests {
  @Test func withoutPytestInTheLockfileKiltHasItsOwn() throws {
    let example = try Example()
    try example.edit("3rdparty/python/requirements.txt", "pytest>=7.4\n", "")
    try example.kilt("lock")
    #expect(!(try example.execute("cat", ["3rdparty/python/default.lock"])).contains("pytest"))
    #expect(try example.kilt("test", "lib/auth:", "--use-coverage").errorText.contains("6 passed"))
  }

  @Test func pluginsOfTheConfigurationAreThereForAllTests() throws {
    let example = try Example()
    try example.append(
      "kilt.toml", "\n[test]\npytest_plugins = [\"pytest-mock\"]\npytest_args = [\"-p\", \"no:doctest\"]\n")
    try example.append(
      "lib/auth/mock_test.py",
      "import time\n\n\ndef test_mock(mocker):\n    mocker.patch('time.time', return_value=5)\n    assert time.time() == 5\n"
    )
    try expectFailure(
      example, try example.kilt(["test", "lib/auth/mock_test.py"]), code: 2,
      """
      error: the requirement "pytest-mock" is not in "3rdparty/python/default.lock"
        help: add it to the requirements, then run `kilt lock`
      """)
    try example.append("3rdparty/python/requirements.txt", "pytest-mock>=3\n")
    try example.kilt("lock")
    #expect(try example.kilt("test", "lib/auth/mock_test.py").errorText.contains("1 passed"))
  }

  @Test func pytestsConfigurationAtTheRootCounts() throws {
    let example = try Example()
    try example.append("pyproject.toml", "[tool.other]\nx = 1\n")
    try example.kilt("test", "lib/auth:")
    try example.append("pyproject.toml", "y = 2\n")
    // What says nothing of pytest is no input.
    #expect(try example.kilt("test", "lib/auth:").errorText.contains("cached"))
    try example.append("pyproject.toml", "[tool.pytest.ini_options]\naddopts = \"-k expires\"\n")
    #expect(try example.kilt("test", "lib/auth:").errorText.contains("1 passed, 5 deselected"))
  }

  @Test func theTestsOfAChangeAreThoseThatDependOnIt() throws {
    let example = try Example()
    try example.append("lib/auth/tokens.py", "\n# A remark.\n")
    let said = try example.kilt("test", "--changed-since", "HEAD").errorText
    #expect(said.contains("lib/auth/tokens_test.py:tests") && said.contains("services/fiddler/app_test.py:tests"))
    #expect(!said.contains("cache_test.py"))
    try example.commit("edit")
    #expect(try example.kilt("test", "--changed-since", "HEAD").errorText == "no tests are selected")
  }
}
