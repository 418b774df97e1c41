// libFuzzer's target for the JSON reader and writer (scripts/fuzz json).

import CFuzzDriver
import Glibc
import JSON

/// Reads one text. What is read must come back from what the writer makes of it; what is refused has a place in the text.
private func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  do throws(JSONError) {
    let value = try JSONValue(parsing: bytes)
    // A number beyond a double's range is refused, so all that is read can be written.
    for format in [JSONFormat.compact, .pretty, .canonical] {
      let written = value.bytes(format)
      guard let again = try? JSONValue(parsing: written) else { fatalError("the writer's text is refused") }
      precondition(again == value && again.bytes(format) == written)
    }
    let repeated = try JSONValue(parsing: bytes, allowingRepeatedNames: true)
    precondition(repeated == value)
  } catch {
    precondition((0...size).contains(error.offset) && error.line > 0 && error.column > 0 && !error.message.isEmpty)
  }
  return 0
}

var argumentCount = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(LLVMFuzzerRunDriver(&argumentCount, &arguments) { testOneInput($0, $1) })
