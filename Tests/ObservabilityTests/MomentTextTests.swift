import JobModel
import Testing

@testable import Observability

@Suite struct MomentTextTests {
  /// 2024-02-29T12:30:00Z
  private static let now = Timestamp(milliseconds: 1_709_209_800_000)

  @Test(
    "A point in time is read in each of its forms",
    arguments: [
      ("2024-02-29T12:00:00.250Z", "2024-02-29T12:00:00.250Z"), ("2024-02-29 12:00", "2024-02-29T12:00:00.000Z"),
      ("2024-02-29", "2024-02-29T00:00:00.000Z"), ("2024-02-29T12:00+02:00", "2024-02-29T10:00:00.000Z"),
      ("2024-02-29T12:00:01-01:30", "2024-02-29T13:30:01.000Z"), ("12:29", "2024-02-29T12:29:00.000Z"),
      ("12:31", "2024-02-28T12:31:00.000Z"), ("5m", "2024-02-29T12:25:00.000Z"),
      ("-90s", "2024-02-29T12:28:30.000Z"), ("2h ago", "2024-02-29T10:30:00.000Z"),
      ("yesterday", "2024-02-28T12:30:00.000Z"), (" now ", "2024-02-29T12:30:00.000Z"),
      ("1999-12-31T23:59:59Z", "1999-12-31T23:59:59.000Z"),
    ])
  func reads(text: String, expected: String) throws {
    #expect(MomentText.parse(text, now: Self.now)?.description == expected)
  }

  @Test(
    "A text that is not a point in time is refused",
    arguments: [
      "", "soon", "5", "5 m", "m", "2023-02-29", "2024-13-01", "2024-02-29T25:00", "2024-02-29T12", "12:60", "1:2:3",
      "2024-02-29X12:00", "99999999999d", "-", "2024-02-29T12:00:00.Z", "２024-02-29",
    ])
  func refuses(text: String) { #expect(MomentText.parse(text, now: Self.now) == nil) }
}
