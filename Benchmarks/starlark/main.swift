// Evaluates the Starlark files of a folder and prints how long each round took, in milliseconds, one a line.
//
//   starlark-benchmark DIR ROUNDS THREADS
//
// With 0 threads the files are read before the clock starts, and one thread parses, compiles and evaluates them: what
// Benchmarks/starlark/peers.py does too. With more, reading counts as well.

import Glibc
import Starlark
import SystemPackage
import SystemSupport

let words = CommandLine.arguments
guard words.count == 4, let rounds = Int(words[2]), let threads = Int(words[3]) else {
  print("usage: starlark-benchmark DIR ROUNDS THREADS")
  exit(2)
}
let directory = FilePath(words[1])
let names = try FileSystem.list(directory).map(\.name).sorted()

@Sendable func evaluate(_ name: String, _ bytes: [UInt8]) {
  do {
    let program = try Program(source: SourceFile(name: name, bytes: bytes), dialect: .buildFile)
    let limits = Limits(steps: 1 << 40, allocatedBytes: 1 << 40)
    _ = try StarlarkThread(limits: limits).execute(program)
  } catch {
    print("\(error)")
    exit(1)
  }
}

let read = try names.map { try FileSystem.read(directory.appending($0)) }
for _ in 0..<rounds {
  let elapsed = ContinuousClock().measure {
    if threads == 0 {
      for (name, bytes) in zip(names, read) { evaluate(name, bytes) }
    } else {
      performInParallel(count: names.count, threads: threads) { index in
        do {
          evaluate(names[index], try FileSystem.read(directory.appending(names[index])))
        } catch {
          print("\(error)")
          exit(1)
        }
      }
    }
  }
  print(Double(elapsed.components.seconds) * 1e3 + Double(elapsed.components.attoseconds) / 1e15)
}
