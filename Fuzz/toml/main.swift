// libFuzzer's target for the TOML reader (scripts/fuzz toml).

import CFuzzDriver
import Glibc
import JSON
import TOML

/// Reads one text. What is refused has a place in the text, and so has each key of what is read.
private func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  let lines = 1 + bytes.count { $0 == 10 }
  do throws(TOMLDocument.Failure) {
    let document = try TOMLDocument(parsing: bytes, recordingPlaces: true)
    for member in document.root {
      guard let place = document.place(of: [member.name]) else { fatalError("\(member.name) has no place") }
      precondition((1...lines).contains(place.line) && place.length > 0)
    }
    let plain = try TOMLDocument(parsing: bytes)
    precondition(plain.root.names == document.root.names)
  } catch {
    precondition((1...lines).contains(error.line) && error.column > 0 && !error.message.isEmpty)
  }
  return 0
}

var argumentCount = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(LLVMFuzzerRunDriver(&argumentCount, &arguments) { testOneInput($0, $1) })
