/// Verbs of Pants and pex, and what to do here instead.
enum OtherTools {
  /// What to do in the place of a verb of another tool; nil for a word that is none.
  static func remedy(for verb: String) -> String? { remedies[verb] }

  /// The verbs, for tests.
  static var verbs: [String] { remedies.keys.sorted() }

  private static let remedies: [String: String] = [
    "generate-lockfiles": "run `kilt lock`, or `kilt lock --resolve NAME` for one resolve",
    "lock-create": "run `kilt lock`",
    "fmt": "run your formatter itself, such as `ruff format`: Kilt formats no code",
    "fix": "run your linter itself, such as `ruff check --fix`; `kilt tailor --fix` fixes BUILD files",
    "lint": "run your linter itself, such as `ruff check`; `kilt tailor --check ::` checks BUILD files",
    "check": "run your type checker itself, such as `mypy`, with the environment of `kilt export`",
    "typecheck": "run your type checker itself, such as `mypy`, with the environment of `kilt export`",
    "update-build-files": "format BUILD files with your Python formatter, such as `ruff format BUILD`",
    "dependees": "run `kilt dependents TARGET`",
    "binary": "run `kilt package TARGET`",
    "bundle": "run `kilt package TARGET`",
    "build": "run `kilt package TARGET`",
    "compile": "run `kilt package TARGET`",
    "pex": "declare a pex_binary in a BUILD file and run `kilt package TARGET`",
    "pex3": "declare a pex_binary in a BUILD file and run `kilt package TARGET`; `kilt lock` writes lockfiles",
    "scie": "run `kilt package TARGET`: the bundle starts with an interpreter of the host",
    "venv": "run `kilt export`",
    "filter": "run `kilt list :: --filter-target-type=TYPE`",
    "changed": "run `kilt list --changed-since=REVISION`",
    "minimize": "run `kilt tailor --fix --check ::`",
    "target": "run `kilt peek TARGET`",
    "targets": "run `kilt list ::`; docs/build-files.md lists target types",
    "backends": "leave it out: Kilt has no backends to enable",
    "goals": "run `kilt --help`",
    "help-all": "run `kilt --help`, or `kilt VERB --help` for one verb",
    "help-advanced": "run `kilt VERB --help`",
    "version": "run `kilt --version`",
    "export-lockfile": "commit the lockfile that `kilt lock` writes",
    "count-loc": "run a program for that, such as `scc`",
    "py-constraints": "run `kilt peek TARGET`, which shows interpreter_constraints",
    "debug-adapter": "run `kilt test TARGET --debug -- --pdb`",
    "deploy": "run `kilt publish TARGET` and `kilt job create FILE --stage STAGE`",
    "clean-all": "remove `.kilt` and `dist`; `kilt cache gc` frees space of the cache",
    "clean": "remove `dist`; `kilt cache gc` frees space of the cache",
    "shell": "run `kilt repl TARGET`",
    "exec": "run `kilt run TARGET -- ARGUMENTS`",
    "install": "run `kilt lock`, then `kilt export` for a virtual environment",
    "add": "add the requirement to its requirements file and run `kilt lock`",
    "sync": "run `kilt lock`, then `kilt export` for a virtual environment",
    "upgrade": "run `kilt lock --upgrade`, or `kilt lock --upgrade-package NAME`",
  ]
}
