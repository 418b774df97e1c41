import Testing

@testable import KiltCommands

@Suite struct PartitionFilterTests {
  @Test("Conditions that AND joins select partitions") func selects() {
    let filter = PartitionFilter(
      sql: "SELECT count(*) FROM logs WHERE job='fiddler' AND logs.role = 'www' AND hour=9 AND date >= '2026-11-02'")
    #expect(filter.value(of: "job") == "fiddler" && filter.value(of: "role") == "www")
    #expect(filter.value(of: "hour") == "09" && filter.value(of: "stage") == nil)
    #expect(filter.admits("date", "2026-11-02") && !filter.admits("date", "2026-11-01"))
  }

  @Test(
    "Conditions with another possible meaning select everything",
    arguments: [
      "select * from logs where job='a' or level='error'", "select * from logs where not job='a'",
      "select * from logs where line like '%job=''a''%'", "select * from logs where job='a' and job='b'",
      "select job='a' from logs", "select * from logs where lower(job)='a'",
      "select case when job='a' then 1 end from logs where 1=1",
      "select * from logs where exists (select 1 from logs where job='a')",
      "select * from logs where job='a' || 'b'", "select * from logs -- where job='a'",
      "select * from logs where job=?",
      "select * from logs where job='../x'", "select * from logs where job = concat('a')",
    ])
  func everything(sql: String) { #expect(PartitionFilter(sql: sql).value(of: "job") == nil) }
}
