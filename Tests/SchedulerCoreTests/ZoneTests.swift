import Foundation
import JobModel
import SchedulerCore
import Testing

/// The zones of this host, compared with Python's zoneinfo, which reads the same files by code of its own.
@Suite struct ZoneTests {
  private static let directory = "/usr/share/zoneinfo"

  static let zones = TimeZones { name in
    FileManager.default.contents(atPath: "\(directory)/\(name)").map { [UInt8]($0) }
  }

  /// Runs a Python program on lines of input, and returns its lines.
  private func python(_ program: String, _ arguments: [String]) throws -> [String] {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", program] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "python3 has ended with \(process.terminationStatus)")
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  @Test("Offsets of 400 zones over 10 years match Python's zoneinfo") func offsets() throws {
    // Each day at noon, and each quarter of an hour of the days around a change.
    let lines = try python(
      """
      import datetime, zoneinfo, sys
      names = sorted(name for name in zoneinfo.available_timezones() if "/" in name)[:400]
      start, end = 1704067200, 2019686400
      utc = datetime.timezone.utc
      for name in names:
          zone = zoneinfo.ZoneInfo(name)
          def offset(time):
              return int(datetime.datetime.fromtimestamp(time, utc).astimezone(zone).utcoffset().total_seconds())
          times = list(range(start, end, 86400))
          fine = [t + s for t, u in zip(times, times[1:]) if offset(t) != offset(u) for s in range(0, 86400, 900)]
          print(name, " ".join("%d:%d" % (t, offset(t)) for t in times + fine))
      """, [])
    #expect(lines.count == 400)
    for line in lines {
      let words = line.split(separator: " ")
      let rules = try #require(Self.zones.rules(String(words[0])), "\(words[0])")
      for word in words.dropFirst() {
        let numbers = word.split(separator: ":").compactMap { Int64($0) }
        guard rules.offset(at: numbers[0]) != numbers[1] else { continue }
        Issue.record("\(words[0]) at \(numbers[0]): \(rules.offset(at: numbers[0])), expected \(numbers[1])")
        break
      }
    }
  }

  @Test("Due times of 400 zones over 10 years match a calendar in Python") func dueTimes() throws {
    // Local times that are skipped are due at the change, those that come twice the first time; every hour follows UTC.
    let program = """
      import datetime, zoneinfo, sys
      names = sorted(name for name in zoneinfo.available_timezones() if "/" in name)[:400]
      utc = datetime.timezone.utc
      hour, minute = int(sys.argv[1]), int(sys.argv[2])
      def due(zone, day):
          naive = datetime.datetime(day.year, day.month, day.day, hour, minute)
          first = naive.replace(tzinfo=zone, fold=0).astimezone(utc)
          if first.astimezone(zone).replace(tzinfo=None) == naive:
              return int(first.timestamp())
          # Skipped: the change is where the offset becomes another.
          low, high = int(first.timestamp()) - 2 * 86400, int(first.timestamp()) + 2 * 86400
          before = datetime.datetime.fromtimestamp(low, utc).astimezone(zone).utcoffset()
          times = range(low, high, 900)
          for time in times:
              if datetime.datetime.fromtimestamp(time, utc).astimezone(zone).utcoffset() != before:
                  return time
      for name in names:
          zone = zoneinfo.ZoneInfo(name)
          days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=n) for n in range(3653)]
          times = []
          for day in days:
              time = due(zone, day)
              if not times or times[-1] != time:
                  times.append(time)
          print(name, " ".join(map(str, times)))
      """
    for (hour, minute) in [(2, 30), (0, 0)] {
      for line in try python(program, [String(hour), String(minute)]) {
        let words = line.split(separator: " ")
        let expected = words.dropFirst().compactMap { Int64($0) }
        let schedule = try CronSchedule(
          CronConfiguration(schedule: "\(minute) \(hour) * * *", timeZone: String(words[0])), zones: Self.zones)
        var time = Timestamp(milliseconds: (expected[0] - 1) * 1000)
        for (index, due) in expected.enumerated() {
          let next = try #require(schedule.next(after: time))
          guard next.milliseconds != due * 1000 else {
            time = next
            continue
          }
          Issue.record(
            "\(words[0]) \(hour):\(minute), run \(index): \(next), expected \(Timestamp(milliseconds: due * 1000))")
          break
        }
      }
    }
  }

  private func due(_ schedule: String, _ zone: String, after text: Int64, _ count: Int) throws -> [String] {
    try CronSchedule(CronConfiguration(schedule: schedule, timeZone: zone), zones: Self.zones)
      .next(count, after: Timestamp(milliseconds: text * 1000)).map(\.description)
  }

  @Test("A skipped hour runs once at the change, a doubled hour once at its first time") func daylight() throws {
    // Berlin: 2024-03-31 02:00 becomes 03:00, 2024-10-27 03:00 becomes 02:00.
    #expect(
      try due("30 2 * * *", "Europe/Berlin", after: 1_711_753_200, 3) == [
        "2024-03-30T01:30:00.000Z", "2024-03-31T01:00:00.000Z", "2024-04-01T00:30:00.000Z",
      ])
    #expect(
      try due("30 2 * * *", "Europe/Berlin", after: 1_729_900_800, 3) == [
        "2024-10-26T00:30:00.000Z", "2024-10-27T00:30:00.000Z", "2024-10-28T01:30:00.000Z",
      ])
    // Every hour is every hour.
    #expect(
      try due("0 * * * *", "Europe/Berlin", after: 1_729_983_600 + 1, 4) == [
        "2024-10-27T00:00:00.000Z", "2024-10-27T01:00:00.000Z", "2024-10-27T02:00:00.000Z", "2024-10-27T03:00:00.000Z",
      ])
  }

  @Test("Schedules accept names such as @daily, and weeks that end on Sunday") func names() throws {
    #expect(try due("@daily", "America/New_York", after: 1_709_123_400, 1) == ["2024-02-29T05:00:00.000Z"])
    #expect(try due("@weekly", "UTC", after: 1_709_123_400, 1) == ["2024-03-03T00:00:00.000Z"])
    #expect(
      try due("0 9 * * fri-sun", "UTC", after: 1_709_123_400, 2) == [
        "2024-03-01T09:00:00.000Z", "2024-03-02T09:00:00.000Z",
      ])
  }

  @Test("Unknown zones and names that leave the zones' directory are refused") func unknown() {
    for zone in ["Mars/Base", "../../../etc/passwd", "", "/etc/passwd", "Europe//Berlin", "Europe/Berlin/.."] {
      #expect(throws: CronProblem.self) {
        try CronSchedule(CronConfiguration(schedule: "@daily", timeZone: zone), zones: Self.zones)
      }
    }
  }

  @Test("Damaged zone files are refused, wherever they are cut") func damaged() throws {
    let bytes = try #require(FileManager.default.contents(atPath: "\(Self.directory)/Europe/Berlin")).map(\.self)
    for length in stride(from: 0, to: bytes.count - 40, by: 37) {
      #expect(ZoneRules(tzif: Array(bytes[..<length])) == nil || length > 1000)
    }
    #expect(ZoneRules(tzif: Array("TZif2".utf8) + [UInt8](repeating: 255, count: 60)) == nil)
  }
}
