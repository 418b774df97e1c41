#!/bin/sh
# @NAME@, a bundle made by Kilt. PEX_TOOLS=1 says what it holds.
# `zsh FILE` splits no words otherwise.
[ -z "${ZSH_VERSION-}" ] || emulate sh
id=@ID@
names=@NAMES@
first=@FIRST@
case $0 in /*) PEX=$0 ;; ./*) PEX=$PWD/${0#./} ;; *) PEX=$PWD/$0 ;; esac
@WHERE@
export PEX
case ${PEX_DISABLE_VARIABLES-} in 1 | [Tt][Rr][Uu][Ee]) unset @VARIABLES@ ;; esac
case ${PEX_IGNORE_RCFILES-}${PEX_DISABLE_VARIABLES-} in
*1* | *[Tt][Rr][Uu][Ee]*) ;;
*)
  # Files of variables: of the host, the user, the bundle's directory. The environment goes before, the last file next.
  found=
  owner() { ls -lnLd "$1" 2>/dev/null | { read -r _ _ id _ && echo "$id"; }; }
  for file in /etc/pexrc "${HOME-}/.pexrc" "${PEX%/*}/.pexrc"; do
    [ -f "$file" ] && [ -r "$file" ] || continue
    # It can name the interpreter. Of files of others, those of root and of the bundle's owner count.
    [ -O "$file" ] || case $(owner "$file") in
    0 | "$(owner "$PEX")") ;;
    *)
      echo "$PEX: ignored $file, which another user owns" >&2
      continue
      ;;
    esac
    while read -r line || [ -n "$line" ]; do
      name=${line%%=*}
      value=${line#*=}
      case $value in '' | *=*) continue ;; esac
      case $name in *[!A-Z0-9_]*) ;; PEX_?*) eval "_$name=\$value" && found="$found $name" ;; esac
    done <"$file"
  done
  for name in $found; do eval "[ -n \"\${$name+x}\" ] || { $name=\$_$name; export $name; }"; done
  ;;
esac
case ${PEX_ROOT-} in '~' | '~/'*) PEX_ROOT=${HOME-}${PEX_ROOT#?} ;; esac
root=${PEX_ROOT:+$PEX_ROOT/kilt}
root=${root:-${XDG_CACHE_HOME:-${HOME-}/.cache}/kilt/runtime}
case $root in /*) ;; *) root=$PWD/$root ;; esac
# A program that starts itself again stays where it was unpacked.
case ${__KILT_AGAIN-} in */bundles/$id/at/*) root=${__KILT_AGAIN%%/bundles/"$id"/at/*} ;; esac
# What decides where Python finds its own library: a bundle's Python has that from its tree.
if [ -n "${PYTHONPATH+x}${PYTHONHOME+x}${PYTHONPLATLIBDIR+x}" ]; then
  [ -z "${PYTHONPATH+x}" ] || { __KILT_PYTHONPATH=$PYTHONPATH && export __KILT_PYTHONPATH; }
  unset PYTHONPATH PYTHONHOME PYTHONPLATLIBDIR
fi
path=${PEX_PYTHON_PATH:-${PATH-}}
given=
generic=python3:python
case ${PEX_PYTHON-} in
'') [ -n "${PEX_PYTHON_PATH-}" ] || given=${__KILT_PYTHON-}:$first ;;
'~'/*) given=${HOME-}${PEX_PYTHON#?} ;;
/*) given=$PEX_PYTHON ;;
*/*) given=$PWD/$PEX_PYTHON ;;
*) [ -n "${PEX_PYTHON_PATH-}" ] || { names=$PEX_PYTHON && generic=''; } ;;
esac
case ${PEX_PYTHON-} in */*)
  names='' generic=''
  # With both, the one that is named has to be on the path.
  case :${PEX_PYTHON_PATH:-$given}: in *:"$given":* | *:"${given%/*}":*) ;; *) given= ;; esac
  ;;
*) [ -z "${PEX_PYTHON_PATH-}" ] || given=$given:$path ;;
esac
pyenv=${PYENV_ROOT:-${HOME-}/.pyenv}
newline='
'
flags=-sS@FLAGS@
[ -z "${__KILT_FLAGS-}" ] || flags=$flags$newline$__KILT_FLAGS
tried=
set -f
IFS=:
# Whether the environment or a directory chooses the version that a shim of pyenv becomes: nothing is noted of it then.
chosen() {
  case $python in "$pyenv"/shims/*) ;; *) return 1 ;; esac
  [ -z "${PYENV_VERSION-}" ] || return 0
  above=$PWD
  while [ -n "$above" ]; do
    [ ! -e "$above/.python-version" ] || return 0
    above=${above%/*}
  done
  return 1
}
# Whether what was found out about an interpreter holds: its time is what it was then, and was past, and pyenv's choice of a
# version is older. One that is older than it was is another one, too, as when a package replaces it.
known() {
  ! chosen || return 1
  [ "$1" -nt "$python" ] && ! [ "$python" -nt "$1.of" ] && ! [ "$1.of" -nt "$python" ] && ! [ "$pyenv/version" -nt "$1" ]
}
# Whether a start of this user, or of root, has found that no other user can write to the store of this name. Such a start has
# left a file in it, and set its sticky bit, which a change of the mode takes away.
owned() {
  for place in ${KILT_TRUSTED_DIRECTORIES-}; do
    case $place in /*) case $root/ in "${place%/}"/*) return 0 ;; esac ;; esac
  done
  if [ -O "$root/owned" ]; then
    [ -O "$root" ] && [ -k "$root" ] && ! [ -h "$root/owned" ] || return 1
  else
    case $(ls -lnd "$root" "$root/owned" 2>/dev/null) in
    'drwxr-xr-t'*' 0 0 '*"$newline-r--r--r--"*' 1 0 0 '*) ;;
    *) return 1 ;;
    esac
  fi
  while IFS= read -r place; do [ "$place" != "$root" ] || return 0; done <"$root/owned"
  return 1
}
# Starts the bundle with an interpreter, if that fits. Nothing forks where it has been unpacked for that one.
consider() {
  python=$1
  shift
  case $python in
  '~'/*) python=${HOME-}${python#?} ;;
  */bundles/*/at/*/bin/*)
    # Of a bundle's tree, which a program has put on the PATH: the one that the tree was made for.
    if [ -f "${python%/*/*}/kilt_main.py" ]; then
      python=${python#*/bundles/*/at}
      python=${python%/bin/*}
    fi
    ;;
  esac
  tree=$root/bundles/$id/at$python
  case ${__KILT_DAMAGED-}${PEX_TOOLS-} in
  '' | 0 | [Ff][Aa][Ll][Ss][Ee])
    if [ -f "$tree/__main__.py" ] && [ -x "$tree/bin/python" ] &&
      { [ "$tree/bin/python" -ef "$python" ] || known "$tree/wrapped"; } && owned; then
      IFS=$newline
      exec "$tree/bin/python" $flags "$tree/__main__.py" "$@"
    fi
    ;;
  esac
  if known "$tree/unfit" || ! [ -f "$python" ]; then return 0; fi
  # The first start with it: it says what it is, as a wrapper such as pyenv's may be anything.
  real=$("$python" -I -S -c 'import sys
fit = any(a <= sys.version_info[:3] <= b for a, b in @RANGES@)
print(sys.executable if fit and sys.implementation.name == "cpython" else "unfit")' 2>/dev/null </dev/null)
  code=$?
  if [ -x "$real" ]; then
    export __KILT_PYTHON="$python"
    ! chosen || export __KILT_CHOSEN=1
    [ "${PEX_VERBOSE:-0}" = 0 ] || echo "$PEX: starting with $real" >&2
    exec "$real" -I -S -c 'import sys
import zlib
@READ@
exec(compile(parts[0], sys.argv[1] + "/.bootstrap/kilt_boot.py", "exec"))' "$PEX" "$@"
  fi
  tried="$tried $python"
  # A shortage or a signal says nothing of it. A script that fails is one for another version.
  magic=
  [ "$code" = 0 ] || [ "$code" -gt 127 ] || { IFS= read -r magic <"$python"; } 2>/dev/null
  case $real$magic in
  unfit | '#!'*)
    chosen || {
      (umask go-w && mkdir -p "$tree" && : >"$tree/unfit.of" && touch -r "$python" "$tree/unfit.of" && : >"$tree/unfit")
    }
    ;;
  esac 2>/dev/null
}
for python in $given; do [ ! -x "$python" ] || consider "$python" "$@"; done
search=$path
for _ in path versions; do
  for name in $names $generic; do
    for directory in $search; do [ ! -x "$directory/$name" ] || consider "$directory/$name" "$@"; done
  done
  # Versions of pyenv, which puts one of them on the PATH at most: behind all that is there, as when a bundle is built.
  search=
  [ -z "${PEX_PYTHON-}${PEX_PYTHON_PATH-}" ] || break
  set +f
  for directory in "$pyenv"/versions/*/bin; do search=$search:$directory; done
  set -f
done
echo "$PEX: no Python that meets @CONSTRAINTS@ was found" >&2
[ -z "$tried" ] || echo "  tried and found unfit:$tried" >&2
echo "  install one, put it on the PATH, or name it: PEX_PYTHON=/path/to/python $0" >&2
exit 3
