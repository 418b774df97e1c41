import PythonImports
import Snapshot
import Testing

@testable import TargetGraph

/// What a Python file imports, as the snapshot keeps it.
@Suite struct ImportsCodingTests {
  private static let texts = [
    "", "# nothing\n",
    """
    import os, a.b as c  # pants: no-infer-dep
    from ..x import (y, z as w)
    from . import q
    try:
      import weak
    except ImportError:
      pass
    if TYPE_CHECKING:
      from t import T
    importlib.import_module("dynamic.name")
    S = "string.import.here"
    A = "some/asset/path.json"
    """,
  ]

  @Test(arguments: texts)
  func everythingIsReadAsItWasWritten(text: String) throws {
    let options = ImportOptions(stringImportMinimumDots: 2, assetMinimumSlashes: 1)
    let imports = PythonFileImports(parsing: Array(text.utf8), options: options)
    var writer = ByteWriter()
    imports.encode(into: &writer)
    let read = try writer.bytes.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes)
      return try PythonFileImports(from: &reader)
    }
    var (written, found) = ("", "")
    dump(imports, to: &written)
    dump(read, to: &found)
    #expect(written == found)
  }
}
