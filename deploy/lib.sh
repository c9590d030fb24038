# shellcheck shell=bash
# What the scripts share: how things are called, and that every command can be shown instead of run.
set -euo pipefail

deploy_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/catalogue.sh
. "$deploy_dir/catalogue.sh"

say() { printf '\n# %s\n' "$*" >&2; }
stop() { printf 'spool: %s\n' "$*" >&2; exit 1; }

# Runs a command; with DRY_RUN it is printed, as it could be typed.
run() {
  if [ -n "${DRY_RUN:-}" ]; then
    printf '%q ' "$@"
    printf '\n'
  else
    "$@"
  fi
}

# Whether something is there. A dry run prints the question, and goes on as if nothing were (DRY_RUN=there: as if all were).
exists() {
  if [ -n "${DRY_RUN:-}" ]; then
    run "$@"
    [ "$DRY_RUN" = there ]
    return
  fi
  "$@" >/dev/null 2>&1
}

# ensure LOOK… -- MAKE…: makes what is not there.
ensure() {
  local look=()
  while [ "$1" != -- ]; do
    look+=("$1")
    shift
  done
  shift
  exists "${look[@]}" || run "$@"
}

bucket() { printf 'gs://%s-spool-%s' "$PROJECT_ID" "$1"; }
account() { printf '%s@%s.iam.gserviceaccount.com' "$1" "$PROJECT_ID"; }
member() { printf 'serviceAccount:%s' "$(account "$1")"; }
role() { printf 'projects/%s/roles/%s' "$PROJECT_ID" "$1"; }

# Whom tokens between functions are made for. It is a name, not an address: one for all of them.
export AUDIENCE=https://spool
# Who calls the private functions: Cloud Tasks, Cloud Scheduler and Eventarc do it in its name.
export CALLER=spool-caller
# Who builds and deploys.
export BUILDER=spool-builder
# The address of a function's revision under a tag, or of the one that serves where no tag is given.
# https://cloud.google.com/run/docs/triggering/https-request#deterministic
address() { printf 'https://%s%s-%s.%s.run.app' "${2:+$2---}" "$1" "$PROJECT_NUMBER" "$REGION"; }
