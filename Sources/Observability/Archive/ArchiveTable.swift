/// The table of an archive for Athena and Trino.
public enum ArchiveTable {
  /// The statement that defines it. Partitions are projected: no crawler, and no `MSCK REPAIR TABLE`.
  ///
  /// - Parameter location: `s3://BUCKET/PREFIX`, without a slash at the end.
  public static func athena(location: String, name: String = "logs") -> String {
    let columns = ArchivedLine.columns.map { "  `\($0.name)` \($0.athena)" }.joined(separator: ",\n")
    let path = "cluster=${cluster}/role=${role}/stage=${stage}/job=${job}/date=${date}/hour=${hour}"
    return """
      CREATE EXTERNAL TABLE \(name) (
      \(columns)
      )
      PARTITIONED BY (
        `cluster` string, `role` string, `stage` string, `job` string, `date` string, `hour` string
      )
      ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
      LOCATION '\(location)/'
      TBLPROPERTIES (
        'projection.enabled' = 'true',
        'projection.cluster.type' = 'injected',
        'projection.role.type' = 'injected',
        'projection.stage.type' = 'injected',
        'projection.job.type' = 'injected',
        'projection.date.type' = 'date',
        'projection.date.format' = 'yyyy-MM-dd',
        'projection.date.range' = '2020-01-01,NOW',
        'projection.hour.type' = 'integer',
        'projection.hour.range' = '0,23',
        'projection.hour.digits' = '2',
        'storage.location.template' = '\(location)/\(path)/'
      );

      """
  }
}
