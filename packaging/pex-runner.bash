# Completion of pex-runner for bash.
_pex_runner() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' word
  local commands='run fetch path list install update which cache'
  local options='--repository --platform --verify --policy --stage --quiet --version --help'
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in run | fetch | path | list | install | update | which | cache) command=$word && break ;; esac
  done
  COMPREPLY=()
  case $previous in
    --policy) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
    --repository) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
    --verify) mapfile -t COMPREPLY < <(compgen -W 'once always' -- "$current"); return ;;
    --platform | --stage | --as) return ;;
  esac
  case $command,$current in
    *,-*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current") ;;
    ,*) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current") ;;
    cache,*) mapfile -t COMPREPLY < <(compgen -W 'list gc verify' -- "$current") ;;
    run,* | fetch,* | path,* | list,* | install,*)
      # Names of the artifact repository, when it answers; a completion never prints an error.
      mapfile -t COMPREPLY < <(compgen -W "$(pex-runner list --quiet 2>/dev/null | awk '{ print $1 }')" -- "$current") ;;
  esac
}
complete -F _pex_runner pex-runner
