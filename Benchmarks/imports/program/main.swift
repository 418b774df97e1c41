// What `check` in this folder drives: PythonImports over files named on standard input, one a line.
//
//   imports-benchmark list     a line `F PATH` a file, then a line a finding: `I LINE MODULE NAME MARKS`, with dots before
//                              a relative module, `-` for no name, and ? (weak), ~ (type checking only), c (a call) as marks
//   imports-benchmark time     reads all files, then scans them five times on one thread; then reads and scans them on one
//                              thread and on two. Prints `SIZE FILES IMPORTS` and the seconds of each.

import Glibc
import PythonImports
import SystemSupport

func paths() -> [FilePath] {
  var found: [FilePath] = []
  while let line = readLine() { found.append(FilePath(line)) }
  return found
}

func describe(_ found: PythonImport) -> String {
  var marks = ""
  if found.isWeak { marks += "?" }
  if found.isTypeCheckingOnly { marks += "~" }
  if found.form == .builtinCall || found.form == .importModuleCall { marks += "c" }
  let module = String(repeating: ".", count: found.level) + found.module
  return "I \(found.line) \(module) \(found.name ?? "-") \(marks)"
}

/// The processor time of the whole program that `body` takes, in seconds: the machine may have other work.
func seconds(_ body: () throws -> Void) rethrows -> Double {
  func now() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }
  let start = now()
  try body()
  return now() - start
}

switch CommandLine.arguments.dropFirst().first {
case "list":
  for path in paths() {
    print("F \(path)")
    for found in PythonFileImports(parsing: try FileSystem.read(path)).imports { print(describe(found)) }
  }
case "time":
  let paths = paths()
  let files = try paths.map { try FileSystem.read($0) }
  var imports = 0
  for file in files { imports += PythonFileImports(parsing: file).imports.count }
  print("corpus \(files.reduce(0) { $0 + $1.count }) \(paths.count) \(imports)")
  for _ in 0..<5 {
    var again = 0
    let time = seconds { for file in files { again += PythonFileImports(parsing: file).imports.count } }
    precondition(again == imports)
    print("scan \(time)")
  }
  for threads in [1, 2] {
    let batch = 64
    let time = seconds {
      performInParallel(count: (paths.count + batch - 1) / batch, threads: threads) { part in
        for index in (part * batch)..<min(paths.count, (part + 1) * batch) {
          if let bytes = try? FileSystem.read(paths[index]) { _ = PythonFileImports(parsing: bytes) }
        }
      }
    }
    print("read-and-scan-\(threads) \(time)")
  }
default:
  print("usage: imports-benchmark list|time < FILES")
}
