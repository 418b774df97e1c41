#!/bin/sh
# @NAME@, a bundle made by Kilt: a zip archive follows this script. PEX_TOOLS=1 with "info" says what it holds.
id=@ID@
names=@NAMES@
case $0 in /*) PEX=$0 ;; *) PEX=$PWD/$0 ;; esac
export PEX
root=${PEX_ROOT:+$PEX_ROOT/kilt}
root=${root:-${XDG_CACHE_HOME:-${HOME-}/.cache}/kilt/runtime}
path=${PEX_PYTHON_PATH:-${PATH-}}
only=
case ${PEX_PYTHON-} in
'') ;;
*/*) only=$PEX_PYTHON names= path= ;;
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
set -f
IFS=:
if [ -z "${PEX_TOOLS-}" ]; then
  # Unpacked already for an interpreter that is there: start it. Nothing here forks.
  for python in $only; do
    tree=$root/bundles/$id/at$python
    [ ! -x "$tree/bin/python" ] || exec "$tree/bin/python" $flags "$tree/__main__.py" "$@"
  done
  for name in $names $generic; do
    for directory in $path; do
      tree=$root/bundles/$id/at$directory/$name
      [ ! -x "$tree/bin/python" ] || exec "$tree/bin/python" $flags "$tree/__main__.py" "$@"
    done
  done
fi
# The first start on this host: find an interpreter that works, and let it unpack.
attempt() {
  python=$1
  shift
  { [ -f "$python" ] && [ -x "$python" ]; } || return 0
  if "$python" -sSE -c 'import sys
fit = any(a <= sys.version_info[:3] <= b for a, b in @RANGES@)
sys.exit(not fit or sys.implementation.name != "cpython")' >/dev/null 2>&1 </dev/null
  then
    export __KILT_PYTHON="$python"
    [ -z "${PEX_VERBOSE-}" ] || echo "$PEX: starting with $python" >&2
    exec "$python" -sSE "$PEX" "$@"
  fi
  tried="$tried $python"
}
tried=
if [ -z "${__KILT_PYTHON-}" ]; then
  for python in $only; do attempt "$python" "$@"; done
  for name in $names $generic; do
    for directory in $path; do attempt "$directory/$name" "$@"; done
  done
fi
echo "$PEX: no Python that meets @CONSTRAINTS@ was found" >&2
[ -z "$tried" ] || echo "  tried and found unfit:$tried" >&2
echo "  install one, put it on the PATH, or name it: PEX_PYTHON=/path/to/python $0" >&2
exit 3
