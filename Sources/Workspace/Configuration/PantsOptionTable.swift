/// Kilt's treatment of each option of Pants' core and Python backends.
///
/// The names are in `scripts/lib/pants-options.txt`, which a test compares with this table. A line is
/// `KIND SCOPE…: OPTION…`, or, for options that Kilt does not follow, `warned SCOPE OPTION=VALUE,…: EFFECT` with the
/// values that match Kilt's behavior, and the effect of following other values.
enum PantsOptionTable {
  enum Kind: String {
    /// Kilt follows it.
    case followed
    /// It is about how Pants itself works: where it keeps things, how it talks. Results are the same without it.
    case own
    /// It belongs to a goal, a tool or an output form that Kilt does not have.
    case unused
    /// Kilt does not follow it, and results differ from Pants'.
    case warned
  }

  struct Entry {
    var kind: Kind
    /// The effect of following it, for ``Kind/warned``.
    var effect = ""
    /// The values that change nothing.
    var kept: [String] = []
  }

  /// By scope and option.
  static let entries: [String: [String: Entry]] = {
    var result: [String: [String: Entry]] = [:]
    for line in text.split(separator: "\n") {
      guard let colon = line.firstRange(of: ": ") else { continue }
      let words = line[..<colon.lowerBound].split(separator: " ").map(String.init)
      guard words.count >= 2, let kind = Kind(rawValue: words[0]) else { continue }
      let rest = line[colon.upperBound...]
      if kind == .warned {
        let parts = words[2].split(separator: "=", maxSplits: 1)
        let kept = parts.count > 1 ? parts[1].split(separator: ",").map(String.init) : []
        result[words[1], default: [:]][String(parts[0])] = Entry(kind: kind, effect: String(rest), kept: kept)
      } else {
        for scope in words.dropFirst() {
          for option in rest.split(separator: " ") { result[scope, default: [:]][String(option)] = Entry(kind: kind) }
        }
      }
    }
    return result
  }()

  private static let text = """
    followed GLOBAL: build_file_prelude_globs build_ignore build_patterns pants_config_files pants_ignore plugins pythonpath
    followed GLOBAL: pantsrc pantsrc_files tag unmatched_build_file_globs
    own GLOBAL: allow_deprecated_macos_before_12 allow_deprecated_macos_versions backend_packages cache_content_behavior
    own GLOBAL: colors concurrent docker_execution dynamic_ui dynamic_ui_renderer enable_stack_trampoline
    own GLOBAL: engine_visualize_to file_downloads_max_attempts file_downloads_retry_delay ignore_warnings keep_sandboxes
    own GLOBAL: level local_cache local_execution_root_dir local_store_dir local_store_directories_max_size_bytes
    own GLOBAL: local_store_files_max_size_bytes local_store_processes_max_size_bytes local_store_shard_count
    own GLOBAL: log_levels_by_target log_show_rust_3rdparty logdir loop loop_max named_caches_dir
    own GLOBAL: native_options_validation pants_bin_name pants_free_threaded pants_ng pants_physical_workdir_base
    own GLOBAL: pants_subprocessdir pants_version pants_workdir pantsd pantsd_invalidation_globs
    own GLOBAL: pantsd_max_memory_usage pantsd_pailgun_port pantsd_timeout_when_multiple_invocations
    own GLOBAL: plugins_force_resolve print_stacktrace process_cleanup process_execution_cache_namespace
    own GLOBAL: process_execution_graceful_shutdown_timeout process_execution_local_enable_nailgun
    own GLOBAL: process_execution_local_parallelism process_execution_remote_parallelism
    own GLOBAL: process_per_child_memory_usage process_total_child_memory_usage remote_ca_certs_path remote_cache_read
    own GLOBAL: remote_cache_read_timeout_millis remote_cache_rpc_concurrency remote_cache_rpc_timeout_millis
    own GLOBAL: remote_cache_warnings remote_cache_write remote_client_certs_path remote_client_key_path remote_execution
    own GLOBAL: remote_execution_address remote_execution_append_only_caches_base_path
    own GLOBAL: remote_execution_extra_platform_properties remote_execution_headers
    own GLOBAL: remote_execution_overall_deadline_secs remote_execution_rpc_concurrency remote_instance_name
    own GLOBAL: remote_oauth_bearer_token remote_oauth_bearer_token_path remote_provider remote_store_address
    own GLOBAL: remote_store_batch_api_size_limit remote_store_batch_load_enabled remote_store_chunk_bytes
    own GLOBAL: remote_store_chunk_upload_timeout_seconds remote_store_headers remote_store_rpc_concurrency
    own GLOBAL: remote_store_rpc_retries remote_store_rpc_timeout_millis rule_threads_core rule_threads_max sandboxer
    own GLOBAL: session_end_tasks_timeout show_log_target stats_record_option_scopes streaming_workunits_complete_async
    own GLOBAL: streaming_workunits_level streaming_workunits_report_interval verify_config watch_filesystem
    warned GLOBAL ca_certs_path: downloads would trust these certificates; Kilt trusts what pip and the system trust
    warned GLOBAL enable_target_origin_sources_blocks: `peek` would show where the sources of targets come from
    warned GLOBAL pants_distdir=dist,%(buildroot)s/dist: products would be written to this directory instead of "dist"
    warned GLOBAL pants_ignore_use_gitignore=true: files that git ignores would be part of the workspace
    warned GLOBAL spec_files: each command would also select what these files name; give --spec-files
    warned GLOBAL subproject_roots: addresses below these directories would be relative to them
    warned GLOBAL unmatched_cli_globs=error: a spec that matches no file would not be an error
    followed source: marker_filenames root_patterns
    followed changed: dependents dependees
    warned changed diffspec: each command would select these changes; give --changed-diffspec
    warned changed since: each command would select what has changed since this revision; give --changed-since
    warned filter address_regex: each command would keep only these addresses; give --filter-address-regex
    warned filter granularity=all: each command would keep only such targets; give --filter-granularity
    warned filter tag_regex: each command would keep only targets with such tags; give --filter-tag-regex
    warned filter target_type: each command would keep only these types; give --filter-target-type
    unused filter filedeps list roots dependencies dependents: sep output_file
    unused paths peek py-constraints: output_file
    warned dependencies closed=false: the targets themselves would be listed; give --closed
    warned dependencies format=text: the form of the output would be another one; give --format
    warned dependencies transitive=false: dependencies of dependencies would be listed; give --transitive
    warned dependents closed=false: the targets themselves would be listed; give --closed
    warned dependents format=text: the form of the output would be another one; give --format
    warned dependents transitive=false: dependents of dependents would be listed; give --transitive
    warned filedeps absolute=false: paths would be absolute; give --absolute
    warned filedeps globs=false: globs would be listed instead of files; give --globs
    warned filedeps transitive=false: files of dependencies would be listed; give --transitive
    warned list documented=false: only targets with a description would be listed; give --documented
    unused paths: from to
    unused peek: exclude_defaults include_additional_info include_dep_rules
    unused py-constraints: summary summary_use_new_header
    followed python: default_resolve default_to_resolve_interpreter_constraints enable_resolves interpreter_constraints
    followed python: requirement_constraints resolves resolves_to_constraints_file resolves_to_excludes
    followed python: resolves_to_interpreter_constraints resolves_to_no_binary resolves_to_only_binary resolves_to_overrides
    followed python: tailor_ignore_empty_init_files tailor_pex_binary_targets tailor_py_typed_targets
    followed python: tailor_requirements_targets tailor_source_targets
    own python: interpreter_versions_universe macos_big_sur_compatibility pip_version repl_history resolver
    own python: resolve_all_constraints separate_lockfile_metadata_file warn_on_python2_usage
    warned python default_run_goal_use_sandbox: programs that `run` starts would run in the workspace, or in a sandbox
    warned python enable_lockfile_targets=true: lockfiles would have targets of their own
    warned python invalid_lockfile_behavior=error: a lockfile that does not fit would be used, with or without a warning
    warned python resolver_manylinux=manylinux2014: other wheels of Linux would be locked
    warned python resolves_generate_lockfiles=true: Pants would not write the lockfiles; `kilt lock` does
    warned python resolves_to_complete_platforms: lockfiles would be made for these platforms
    warned python resolves_to_lock_style: lockfiles would be made for other platforms
    warned python resolves_to_sources: some packages would come from other indexes
    warned python resolves_to_uploaded_prior_to: newer versions would be left out of lockfiles
    warned python resolves_to_uv_platforms: lockfiles would be made for these platforms
    warned python run_against_entire_lockfile=false: programs, tests and shells would see all packages of their lockfile
    warned python tailor_test_file_globs: `tailor` would take other files for tests
    warned python tailor_testutils_file_globs: `tailor` would take other files for helpers of tests
    followed python-infer: ambiguity_resolution assets assets_min_slashes conftests entry_points ignored_unowned_imports
    followed python-infer: imports init_files string_import_ignore string_imports string_imports_min_dots
    followed python-infer: unowned_dependency_behavior
    own python-infer: use_rust_parser
    followed python-repos: find_links indexes
    warned python-repos path_mappings: lockfiles would name folders by these names
    warned python-repos repos: older name of find_links, which is followed
    own python-bootstrap: internal_python_build_standalone_info
    warned python-bootstrap names: interpreters with other file names would be found
    warned python-bootstrap search_path: interpreters would be looked for in other places; Kilt looks on the PATH and in pyenv
    unused python-build-standalone-python-provider: known_python_versions release_constraints
    unused pyenv-python-provider: installation_extra_env_vars known_versions url_platform_mapping url_template
    unused pyenv-python-provider: use_unsupported_version version
    unused python-dump-source-analysis: analysis_flavor
    warned python-native-code cpp_flags: sources of packages would be compiled with these flags
    warned python-native-code ld_flags: sources of packages would be linked with these flags
    warned subprocess-environment env_vars: build steps and builds of packages would see these variables
    warned system-binaries system_binary_paths: programs of the system would be looked for in these directories
    own pex: executable_search_paths venv_use_symlinks verbosity
    warned pex emit_warnings: warnings of pex while it builds would be shown or hidden
    followed pex-binary-defaults: emit_warnings
    unused pex-binary-defaults: resolve_local_platforms
    warned pex-cli global_args: pex would get these arguments when it builds and locks
    own pex-cli: known_versions url_platform_mapping url_template use_unsupported_version version
    followed pytest: args config config_discovery extra_requirements install_from_resolve requirements
    own pytest: console_script entry_point export interpreter_constraints xdist_enabled
    warned pytest allow_empty_test_collection=false: a file without tests would pass, or fail
    warned pytest execution_slot_var: tests would find the number of their slot in this variable
    warned pytest junit_family=xunit2: reports would have another form
    warned pytest lockfile: pytest would come from this lockfile; Kilt takes it from the resolve of the tests
    warned pytest skip=false: tests would not run
    warned pytest version: pytest would have this version; Kilt takes that of the lockfile
    followed test: attempts_default extra_env_vars timeout_default timeout_maximum timeouts use_coverage
    own test: experimental_report_test_result_info open_coverage show_rerun_command
    unused test: debug debug_adapter force
    warned test batch_size=128: files that can run together would share one run of pytest
    warned test output=failed: other outputs of tests would be shown; give --output
    warned test report=false: reports of tests would be written; give --report
    warned test report_dir: reports of tests would be written here; give --report
    warned test shard: only a part of the tests would run; give --shard
    followed coverage-py: fail_under report
    own coverage-py: console_script entry_point interpreter_constraints
    warned coverage-py config: coverage would read this file
    warned coverage-py config_discovery=true: coverage would not read the configuration files of the root
    warned coverage-py extra_requirements: coverage would have these packages beside it
    warned coverage-py filter: coverage would be measured for these modules
    warned coverage-py global_report=false: files that no test imports would count
    warned coverage-py install_from_resolve: coverage would come from this resolve
    warned coverage-py lockfile: coverage would come from this lockfile
    warned coverage-py output_dir: reports would be written to this directory
    warned coverage-py requirements: coverage would have these packages beside it
    warned coverage-py version: coverage would have this version
    warned setup-py-generation first_party_dependency_version_scheme: distributions would require other versions of each other
    warned setup-py-generation generate_setup_default: a setup.py would be made, or not, where a distribution does not say
    own setuptools setuptools-scm: install_from_resolve interpreter_constraints lockfile
    own setuptools-scm: console_script entry_point
    warned setuptools extra_requirements: setup.py files that Kilt makes would be run with these packages
    warned setuptools requirements: setup.py files that Kilt makes would be run with these packages
    warned setuptools version: setup.py files that Kilt makes would be run with this version
    warned setuptools-scm extra_requirements: versions by tags would be made with these packages
    warned setuptools-scm requirements: versions by tags would be made with these packages
    warned setuptools-scm version: versions by tags would be made with this version
    followed tailor: alias_mapping build_file_header build_file_indent build_file_name ignore_adding_targets ignore_paths
    unused tailor: check
    warned environments-preview names: fields of local environments would hold; Kilt refuses targets of other environments
    followed cli: alias
    warned run args: programs would get these arguments; give them behind `--`
    warned repl args: the shell would get these arguments; give them behind `--`
    warned repl shell=python: another shell would start; give --shell
    unused run: debug_adapter
    unused repl: restartable
    warned export resolve: only these resolves would be exported; give --resolve
    unused export: binaries
    warned generate-lockfiles resolve: only these resolves would be locked; give --resolve
    unused generate-lockfiles: custom_command diff diff_include_unchanged sync
    unused publish: noninteractive_process_output output
    unused twine: args ca_certs_path config config_discovery console_script entry_point extra_requirements
    unused twine: install_from_resolve interpreter_constraints lockfile requirements skip version
    own uv: executable_search_paths known_versions url_platform_mapping url_template use_unsupported_version version
    warned uv extra_env_vars: uv would see these variables
    own anonymous-telemetry: enabled repo_id
    own stats: format log memory_summary output_file
    unused complete: shell
    unused check fix fmt lint: batch_size force only skip_fixers skip_formatters
    unused build-deprecations-fixer migrate-call-by-name update-build-files: check fix_safe_deprecations fmt formatter skip
    unused migrate-call-by-name: should_dump_json
    unused debug-adapter: host port
    unused experimental-deploy: dry_run publish_dependencies
    unused experimental-explorer: address port
    unused lambdex: console_script entry_point extra_requirements install_from_resolve interpreter_constraints layout
    unused lambdex: lockfile requirements version
    unused regex-lint: config detail_level skip
    unused scc buildifier ruff: known_versions url_platform_mapping url_template use_unsupported_version version
    unused scc buildifier ruff: args skip
    unused debugpy ipython: args console_script entry_point extra_requirements ignore_cwd install_from_resolve
    unused debugpy ipython: interpreter_constraints lockfile requirements version
    unused \(tools): args binary_name cache_mode config config_discovery console_script entry_point export extra_files
    unused \(tools): extra_requirements extra_type_stubs extra_type_stubs_lockfile install_from_resolve
    unused \(tools): interpreter_constraints lockfile requirements skip source_plugins version
    followed bandit black docformatter flake8 isort mypy pylint pyright ruff: args config install_from_resolve skip
    """

  /// Formatters, linters and checkers of types; what of their options Kilt follows stands in the table.
  private static let tools = """
    add-trailing-comma autoflake bandit black docformatter flake8 isort mypy pydocstyle pylint pyoxidizer pyright pytype pyupgrade
    ruff yapf
    """.split(whereSeparator: \.isWhitespace).joined(separator: " ")
}
