import Glibc

/// What `scripts/fuzz` keeps: an input a line, in hexadecimal.
public enum FuzzCorpus {
  /// - Throws: ``Missing`` where there is no corpus of this name.
  public static func inputs(of name: String) throws -> [[UInt8]] {
    let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
    let path = "\(root)/Fuzz/\(name)/corpus"
    guard let file = fopen(path, "r") else { throw Missing(path: path) }
    defer { fclose(file) }
    var inputs: [[UInt8]] = []
    var digits: [UInt8] = []
    while true {
      let character = getc(file)
      guard character != EOF, character != 10 else {
        inputs.append(stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
        digits = []
        if character == EOF { return inputs }
        continue
      }
      digits.append(UInt8(truncatingIfNeeded: character < 58 ? character - 48 : character - 87))
    }
  }

  public struct Missing: Error { let path: String }
}
