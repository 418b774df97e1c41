// libFuzzer's target for the zip reader (scripts/fuzz zip).

import CFuzzDriver
import Diagnostics
import Glibc
import SystemPackage
import SystemSupport
import Zip

/// The file that each input is written to, since archives are read through a mapping; in memory where that is possible.
private let file: (path: FilePath, descriptor: CInt) = {
  var template = Array("/dev/shm/kilt-fuzz-XXXXXX".utf8CString)
  if access("/dev/shm", W_OK) != 0 { template = Array("/tmp/kilt-fuzz-XXXXXX".utf8CString) }
  let descriptor = mkstemp(&template)
  precondition(descriptor >= 0, "mkstemp: \(errno)")
  return (FilePath(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)), descriptor)
}()

/// Opens one archive and reads all of its members.
///
/// Names must stay inside, contents must be as long as they say, and what is refused must be refused with a `ZipError`.
private func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  precondition(ftruncate(file.descriptor, 0) == 0 && pwrite(file.descriptor, data, size, 0) == size)
  var limits = ZipLimits()
  (limits.members, limits.memberSize, limits.totalSize) = (1000, 1 << 20, 4 << 20)
  do {
    let archive = try ZipArchive(path: file.path, name: "input", limits: limits)
    for member in archive.members {
      precondition(!member.name.hasPrefix("/") && !member.name.split(separator: "/").contains(".."))
      if member.isDirectory { continue }
      do {
        let contents = try archive.contents(of: member)
        precondition(UInt64(contents.count) == member.size)
      } catch let error as ZipError {
        precondition(!error.diagnostic.summary.isEmpty)
      }
    }
  } catch let error as ZipError {
    precondition(!error.diagnostic.summary.isEmpty)
  } catch let error as SystemCallError {
    precondition(size == 0, "\(error)")
  } catch {
    preconditionFailure("\(error)")
  }
  return 0
}

var argumentCount = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(LLVMFuzzerRunDriver(&argumentCount, &arguments) { testOneInput($0, $1) })
