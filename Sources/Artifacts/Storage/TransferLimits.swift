import HTTPClient
import SystemSupport

/// The time limits of transfers. No server can make a command hang.
struct TransferLimits: Sendable, Hashable {
  /// Milliseconds without a byte after which an attempt is aborted.
  var silence = 30_000
  /// Milliseconds for one request with all attempts, plus the time that ``slowest`` needs for the bytes.
  var whole = 300_000
  /// Bytes per millisecond: a transfer that is slower for long is aborted.
  var slowest: Int64 = 50

  static let standard = TransferLimits()

  /// The limits that `KILT_TRANSFER_SILENCE` and `KILT_TRANSFER_DEADLINE` set, such as `10s`.
  static func configured() throws(ArtifactError) -> TransferLimits {
    var limits = TransferLimits()
    for (name, path) in [
      ("KILT_TRANSFER_SILENCE", \TransferLimits.silence), ("KILT_TRANSFER_DEADLINE", \TransferLimits.whole),
    ] as [(String, WritableKeyPath<TransferLimits, Int>)] {
      guard let text = environmentVariable(name), !text.isEmpty else { continue }
      guard let seconds = DurationText.seconds(text), (1...86_400).contains(seconds) else {
        throw .invalidSetting(name, text, expected: "a duration such as 30s or 10m")
      }
      limits[keyPath: path] = Int(seconds) * 1000
    }
    return limits
  }

  func timeouts(bytes: Int64) -> HTTPTimeouts {
    HTTPTimeouts(connect: min(15_000, silence), stall: silence, whole: whole(bytes: bytes))
  }

  /// Milliseconds for a transfer of some bytes with all attempts.
  func whole(bytes: Int64) -> Int { whole + Int(clamping: min(max(bytes, 0), 1 << 40) / slowest) }
}
