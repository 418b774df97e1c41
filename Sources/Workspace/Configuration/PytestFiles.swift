/// The files at the root of a workspace that configure pytest and coverage: all tests see them, as in Pants.
public enum PytestFiles {
  /// For each file of pytest, the beginning of a line that it must hold to count; empty for files that count in any case.
  public static let ofPytest = [
    ("pytest.ini", ""), (".pytest.ini", ""), ("pytest.toml", ""), (".pytest.toml", ""),
    ("pyproject.toml", "[tool.pytest"), ("tox.ini", "[pytest]"), ("setup.cfg", "[tool:pytest]"),
  ]
  /// The same for coverage.
  public static let ofCoverage = [
    (".coveragerc", ""), ("pyproject.toml", "[tool.coverage"), ("tox.ini", "[coverage:"), ("setup.cfg", "[coverage:"),
  ]
  /// The names of all.
  public static let names = Set((ofPytest + ofCoverage).map(\.0))
}
