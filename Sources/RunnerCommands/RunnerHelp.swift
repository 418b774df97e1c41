/// The texts of `pex-runner --help`.
enum RunnerHelp {
  static func text(_ topic: String?) -> String {
    switch topic {
    case "run": run
    case "fetch": fetch
    case "list": list
    case "cache": cache
    default: overview
    }
  }

  private static let overview = """
    Runs bundles that were published with kilt publish, by name and git commit.

    usage: pex-runner run NAME@COMMIT [-- ARGUMENTS]      fetch, verify, cache, execute
           pex-runner fetch NAME@COMMIT [--print-path]    fetch into the cache only
           pex-runner list [NAME]                         artifacts, or the commits of one, newest first
           pex-runner cache du | gc [--max-size SIZE]     what the cache holds; make room

    COMMIT is a git commit: all its digits, or at least the first 7.

    options:
      --repository URL   a directory, file:PATH, s3://BUCKET/PREFIX[?endpoint=URL&region=NAME], http://… or https://…
      --platform NAME    instead of this machine's, as in bookworm-x86_64
      --verify           hash the cached bundle again before it is used
      --quiet, -q        say nothing but errors
      --version          the version
      --help, -h         this text; after a command, more on that

    The repository is that of --repository, else of KILT_REPOSITORY, else of /etc/kilt/runner.toml (repository = "URL"),
    else of the kilt.toml of the workspace around the working directory. What is in the cache runs without it.

    The cache is KILT_RUNNER_CACHE, else /var/cache/kilt/runner for root, else kilt/runner in XDG_CACHE_HOME or ~/.cache.

    examples:
      pex-runner run fiddler_server@3f2c9d1e8a7b -- --port 8080
      pex-runner run igor@3f2c9d1 -- resize --all
      $(pex-runner fetch --print-path igor@3f2c9d1) resize --all
      KILT_REPOSITORY=s3://artifacts/kilt pex-runner list fiddler_server

    """

  private static let run = """
    usage: pex-runner run NAME@COMMIT [-- ARGUMENTS]

    Executes a bundle in place of this process: its exit code, signals and process id are the program's own. It is taken
    from the cache; if it is not there, from the repository, and verified by digest before anything of it is used.
    Everything after NAME@COMMIT (and an optional --) goes to the program; options of pex-runner stand before it.

    examples:
      pex-runner run fiddler_server@3f2c9d1e8a7b -- --port 8080
      pex-runner run --verify fiddler_server@3f2c9d1 --help

    """

  private static let fetch = """
    usage: pex-runner fetch NAME@COMMIT [--platform NAME] [--print-path]

    Brings a bundle into the cache, so that it later starts at once and without the repository. --print-path writes the
    path of the file to standard output.

    example:
      pex-runner fetch fiddler_server@3f2c9d1e8a7b

    """

  private static let list = """
    usage: pex-runner list [NAME]

    The names of all artifacts in the repository; or the commits of one: 12 digits, when it was published, platforms.

    example:
      pex-runner list fiddler_server

    """

  private static let cache = """
    usage: pex-runner cache du
           pex-runner cache gc [--max-size SIZE]

    du lists the bundles in the cache, the one used last first. gc removes those that were used longest ago until the rest
    fits into SIZE (500MB, 20GB; by default KILT_RUNNER_CACHE_SIZE, else 10GB). A bundle that runs and the newest commit
    of each name stay. The same happens after every fetch.

    example:
      pex-runner cache gc --max-size 2GB

    """
}
