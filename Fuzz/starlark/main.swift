// libFuzzer's target for Starlark: lexer, parser, compiler and evaluator, as `kilt` uses them (scripts/fuzz starlark).

import CFuzzDriver
import Glibc
import Starlark

/// Reads and runs one program, whose first byte picks the dialect.
///
/// Anything but success or a `StarlarkError` that has a place (or is about a limit) ends the process.
private func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = UnsafeBufferPointer(start: data, count: size)
  guard let selector = input.first else { return 0 }
  let bytes = Array(input.dropFirst())
  let limits = Limits(steps: 5_000, allocatedBytes: 1 << 20, callDepth: 40)
  let dialect: Dialect =
    switch selector % 3 {
    case 0: .standard
    case 1: .buildFile
    default: .template
    }
  do {
    let program = try Program(source: SourceFile(name: "input", bytes: bytes), dialect: dialect)
    let module = try StarlarkThread(limits: limits).execute(program)
    for (_, value) in module.globals { _ = try StarlarkThread(limits: limits).representation(of: value) }
  } catch let error as StarlarkError {
    precondition(error.location != nil || error.kind == .limit, "an error without a place: \(error)")
    precondition(!error.traceback.isEmpty, "an error without a text")
  } catch {
    preconditionFailure("\(error)")
  }
  return 0
}

var argumentCount = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(LLVMFuzzerRunDriver(&argumentCount, &arguments) { testOneInput($0, $1) })
