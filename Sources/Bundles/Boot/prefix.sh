#!/bin/sh
# @NAME@, a bundle made by Kilt. PEX_TOOLS=1 says what it holds.
id=@ID@
names=@NAMES@
first=@FIRST@
case $0 in /*) PEX=$0 ;; *) PEX=$PWD/$0 ;; esac
@WHERE@
export PEX
case ${PEX_DISABLE_VARIABLES-} in 1 | [Tt][Rr][Uu][Ee]) unset @VARIABLES@ ;; esac
case ${PEX_IGNORE_RCFILES-}${PEX_DISABLE_VARIABLES-} in
*1* | *[Tt][Rr][Uu][Ee]*) ;;
*)
  # Files of variables: of the host, the user, the bundle's directory. The environment goes before, the last file next.
  found=
  for file in /etc/pexrc "${HOME-}/.pexrc" "${PEX%/*}/.pexrc"; do
    [ -f "$file" ] && [ -r "$file" ] || continue
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
path=${PEX_PYTHON_PATH:-${PATH-}}
only=
case ${PEX_PYTHON-} in
'') [ -n "${PEX_PYTHON_PATH-}" ] || only=${__KILT_PYTHON-}:$first ;;
/*) only=$PEX_PYTHON names='' path='' ;;
*/*) only=$PWD/$PEX_PYTHON names='' path='' ;;
*) names=$PEX_PYTHON ;;
esac
generic=
[ -n "${PEX_PYTHON-}" ] || generic=python3:python
[ -z "${PEX_PYTHON_PATH-}" ] || only=$only:$path
flags=-sS
if [ -n "${PYTHONPATH-}${PYTHONHOME-}" ]; then
  # These would decide what Python starts with: all variables of Python are left out, but what a flag can say.
  flags=-sSE
  [ -z "${PYTHONUNBUFFERED-}" ] || flags=${flags}u
  [ -z "${PYTHONDONTWRITEBYTECODE-}" ] || flags=${flags}B
fi
# Versions of pyenv, which puts one of them on the PATH at most: behind all that is there, as when a bundle is built.
versions=
if [ -z "${PEX_PYTHON-}${PEX_PYTHON_PATH-}" ]; then
  for directory in "${PYENV_ROOT:-${HOME-}/.pyenv}"/versions/*/bin; do versions=$versions:$directory; done
fi
set -f
IFS=:
case ${__KILT_DAMAGED-}${PEX_TOOLS-} in
'' | 0 | [Ff][Aa][Ll][Ss][Ee])
  # Unpacked already for an interpreter that is there: start it. Nothing here forks.
  for python in $only; do
    tree=$root/bundles/$id/at$python
    [ ! -x "$tree/bin/python" ] || exec "$tree/bin/python" $flags "$tree/__main__.py" "$@"
  done
  search=$path
  for _ in path versions; do
    for name in $names $generic; do
      for directory in $search; do
        tree=$root/bundles/$id/at$directory/$name
        [ ! -x "$tree/bin/python" ] || exec "$tree/bin/python" $flags "$tree/__main__.py" "$@"
      done
    done
    search=$versions
  done
  ;;
esac
# The first start on this host: find an interpreter that works, and let it unpack.
attempt() {
  python=$1
  shift
  { [ -f "$python" ] && [ -x "$python" ]; } || return 0
  # What it says it is: a wrapper, such as pyenv's, is executed once and no more.
  real=$("$python" -sSE -c 'import sys
fit = any(a <= sys.version_info[:3] <= b for a, b in @RANGES@)
sys.exit(not fit or sys.implementation.name != "cpython" or print(sys.executable))' 2>/dev/null </dev/null) || real=
  case $real in
  /*)
    [ -x "$real" ] || return 0
    export __KILT_PYTHON="$python"
    [ "${PEX_VERBOSE:-0}" = 0 ] || echo "$PEX: starting with $real" >&2
    exec "$real" -sSE -c 'import sys, zlib
@READ@
exec(compile(parts[0], sys.argv[1] + "/.bootstrap/kilt_boot.py", "exec"))' "$PEX" "$@"
    ;;
  esac
  tried="$tried $python"
}
tried=
for python in $only; do attempt "$python" "$@"; done
search=$path
for _ in path versions; do
  for name in $names $generic; do
    for directory in $search; do attempt "$directory/$name" "$@"; done
  done
  search=$versions
done
echo "$PEX: no Python that meets @CONSTRAINTS@ was found" >&2
[ -z "$tried" ] || echo "  tried and found unfit:$tried" >&2
echo "  install one, put it on the PATH, or name it: PEX_PYTHON=/path/to/python $0" >&2
exit 3
