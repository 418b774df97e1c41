internal import Digests
internal import Synchronization
public import SystemSupport

/// The result of checking a whole store.
public struct VerificationSummary: Sendable, Hashable {
  public var checkedBlobs = 0
  public var checkedRecords = 0
  public var checkedBytes: Int64 = 0
  /// Files that did not match their names. They are removed, and built or fetched again when they are needed.
  public var removed: [FilePath] = []
}

extension ContentStore {
  /// Reads everything and removes damaged entries.
  ///
  /// - Parameter threads: the number of reading threads.
  public func verifyAll(threads: Int = availableProcessors()) throws(ContentStoreError) -> VerificationSummary {
    let files = try inventory()
    let results = Mutex((summary: VerificationSummary(), error: ContentStoreError?.none))
    performInParallel(count: files.count, threads: threads) { index in
      let file = files[index]
      do throws(SystemCallError) {
        guard let isWhole = try Self.isWhole(file) else { return }
        if !isWhole { try FileSystem.removeFile(file.path) }
        results.withLock { results in
          if case .record = file.kind {
            results.summary.checkedRecords += 1
          } else {
            results.summary.checkedBlobs += 1
          }
          results.summary.checkedBytes += file.status.size
          if !isWhole { results.summary.removed.append(file.path) }
        }
      } catch {
        // Collected meanwhile.
        if !error.isMissing { results.withLock { $0.error = $0.error ?? .system(file.path, error) } }
      }
    }
    var (summary, error) = results.withLock { $0 }
    if let error { throw error }
    summary.removed.sort { $0.string < $1.string }
    return summary
  }

  /// Whether a file matches its name; nil if the name contains no digest.
  private static func isWhole(_ file: StoredFile) throws(SystemCallError) -> Bool? {
    switch file.kind {
    case .blob(let digest): return try SHA256Digest.ofFile(file.path).digest == digest
    case .record:
      let bytes = try FileSystem.read(file.path)
      return bytes.count >= 32 && SHA256Digest.of(Array(bytes[32...])).bytes.elementsEqual(bytes[..<32])
    case .unfinished, .foreign, .folder, .lockfile: return nil
    }
  }
}
