/// The texts of `pex-runner --help`.
enum RunnerHelp {
  static func text(_ topic: String?) -> String {
    switch topic {
    case "run": run
    case "fetch", "path": fetch
    case "list": list
    case "install", "update", "which": tools
    case "cache": cache
    case "unpack": unpack
    default: overview
    }
  }

  private static let overview = """
    Run published artifacts by name and git commit.

    usage: pex-runner run NAME@COMMIT [-- ARGUMENTS]     fetch, verify, execute
           pex-runner fetch NAME@COMMIT [--print-path]   fetch into the runner cache
           pex-runner path NAME@COMMIT                   fetch, and print the path
           pex-runner list [NAME]                        artifacts, or commits
           pex-runner install NAME@BRANCH [--as TOOL]    make a tool
           pex-runner update [TOOL...]                   update installed tools
           pex-runner which TOOL                         show the bundle of a tool
           pex-runner cache list | gc | verify           manage the cache
           pex-runner unpack ARCHIVE [DIRECTORY]         unpack tar, zip, jar

    COMMIT is a git commit: all its digits, or at least the first 7. NAME@BRANCH
    is the newest commit of that branch that was published. NAME:VERSION are files
    that kilt artifacts put stored.

    OPTIONS
      --repository URL   a directory, file:PATH, s3://BUCKET/PREFIX, http://...
      --platform NAME    artifact platform, such as bookworm-x86_64
      --verify=WHEN      once: verify when fetched and after any change of the
                         file. always: hash the bundle and check its signatures
                         at each start. Default: KILT_VERIFY, or once.
      --policy FILE      a policy besides /etc/kilt/policy.toml. Default:
                         KILT_POLICY.
      --stage NAME       the stage for the policy. Default: KILT_STAGE.
      --quiet, -q        print errors only
      --version          print the version
      --help, -h         print this text; after a command, print its help

    The artifact repository is the one in --repository, KILT_REPOSITORY,
    /etc/kilt/runner.toml (repository = "URL"), or the kilt.toml of the workspace
    around the current directory, in this order. Cached bundles run without it.

    The runner cache is in KILT_RUNNER_CACHE. Default: /var/cache/kilt/runner for
    root, otherwise kilt/runner in XDG_CACHE_HOME or ~/.cache.

    EXAMPLES
      pex-runner run fiddler_server@3f2c9d1e8a7b -- --port 8080
      pex-runner run igor@main -- resize --all
      pex-runner install igor@main && igor resize --all
      KILT_REPOSITORY=s3://artifacts/kilt pex-runner list fiddler_server

    EXIT CODES
      run: the exit code of the program. Otherwise 0 done; 1 the work failed;
      2 wrong usage or input; 3 the environment lacks something; 70 a defect.

    """

  private static let run = """
    usage: pex-runner run NAME@COMMIT [-- ARGUMENTS]
           pex-runner run NAME@BRANCH [-- ARGUMENTS]

    Execute a bundle in place of this process: the program gets the process ID and
    the signals, and sets the exit code. Kilt uses the bundle in the runner cache,
    or fetches and verifies it first.

    Arguments after NAME@COMMIT (and an optional --) go to the program. Options of
    pex-runner come before. Kilt looks a branch up at each start. Without a
    connection, the last known commit runs.

    EXAMPLES
      pex-runner run fiddler_server@3f2c9d1e8a7b -- --port 8080
      pex-runner run --verify=always fiddler_server@3f2c9d1 --help

    """

  private static let fetch = """
    usage: pex-runner fetch NAME@COMMIT [--platform NAME] [--print-path]
           pex-runner path NAME@COMMIT [--platform NAME]

    Fetch a bundle into the runner cache. Later it starts without the artifact
    repository. path, and fetch --print-path, print the path of the file.

    Kilt also unpacks the bundle for its first start by this user. --no-unpack
    leaves that to the start.

    EXAMPLES
      pex-runner fetch fiddler_server@3f2c9d1e8a7b
      pex-runner fetch --no-unpack fiddler_server@main
      $(pex-runner path igor@3f2c9d1) resize --all

    """

  private static let list = """
    usage: pex-runner list [NAME] [--format text|json]

    Print the names of all artifacts, or the commits of one: 12 digits, time of
    publication, artifact platforms.

    EXAMPLES
      pex-runner list fiddler_server
      pex-runner list fiddler_server --format json

    """

  private static let tools = """
    usage: pex-runner install NAME@REF [--as TOOL] [--to DIRECTORY]
           pex-runner update [TOOL...] [--to DIRECTORY]
           pex-runner which TOOL

    install fetches an artifact and creates two files in DIRECTORY: TOOL, a link to
    pex-runner, and TOOL.ref, which names the artifact and its commit. The tool
    runs that commit until update finds a newer one on the branch. A tool of a
    commit stays as it is.

    which prints the link, the artifact, the commit and the path of the bundle.
    Default for DIRECTORY: ~/.local/bin. Default for TOOL: NAME.

    EXAMPLES
      pex-runner install igorctl@main --as igor
      igor resize --all
      pex-runner update

    """

  private static let unpack = """
    usage: pex-runner unpack ARCHIVE [DIRECTORY] [--strip N]
           pex-runner unpack --file COMPRESSED TARGET

    Unpack a tar (plain, gzip, bzip2, xz, zstd), a zip or a jar into DIRECTORY, by
    default the current one. Files of the same names are replaced. --strip leaves
    out the first N parts of each path. With --file, decompress one file to
    TARGET, which appears whole.

    Links, devices, absolute paths, "..", names given twice, encrypted entries and
    archives that grow beyond reason are refused. Needs libarchive (libarchive13).

    In the sandbox of a task, KILT_RUNNER is the path of pex-runner, for command
    lines that name it.

    EXAMPLES
      pex-runner unpack site-1.4.0.tar.zst static --strip 1
      pex-runner unpack --file words.gz words.txt

    """

  private static let cache = """
    usage: pex-runner cache list [--format text|json]
           pex-runner cache gc [--max-size SIZE]
           pex-runner cache verify

    list prints the bundles in the runner cache, last used first. gc removes the
    least recently used ones until the rest fits into SIZE (500MB, 20GB). Default
    for SIZE: KILT_RUNNER_CACHE_SIZE, or 10GB. Running bundles and the newest
    commit of each artifact stay. The same happens after each fetch.

    verify hashes all bundles and removes damaged ones. Exit code 1 if there were
    any.

    EXAMPLES
      pex-runner cache gc --max-size 2GB

    """
}
