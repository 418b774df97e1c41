import SystemSupport
import Testing

@Suite struct ByteSizeTests {
  @Test(arguments: [
    ("0", 0), ("12", 12), ("1KB", 1024), ("256MB", 256 << 20), ("1.5 GB", 3 << 29), ("2TiB", 2 << 40), ("64k", 65536),
  ])
  func sizesArePowersOf1024(text: String, bytes: Int) { #expect(ByteSize.parse(text) == bytes) }

  @Test(arguments: ["", "MB", "1.5", "-1MB", "1XB", "1e3MB", "99999999999999TB", "1.2.3MB", "0x10"])
  func whatIsNoSizeIsNil(text: String) { #expect(ByteSize.parse(text) == nil) }

  @Test func sizesAreShownWithOneDecimal() {
    #expect(
      [0, 1023, 1024, 1536 << 10, 20 << 30].map { ByteSize.text($0) } == [
        "0 B", "1023 B", "1.0 KiB", "1.5 MiB", "20.0 GiB",
      ])
  }
}
