#!/usr/bin/env bash
# switch.sh [TAG]: sends all traffic to the revisions with this tag, this build's when none is named. When one cannot
# be switched, all go back to the tag before. Also rolls back: docs/runbook.md.
# shellcheck source=deploy/lib.sh
. "$(dirname -- "$0")/../lib.sh"

tag=${1:-v${BUILD_ID%%-*}}
# the tags that have served, newest first
history_file="$(bucket build)/served"
# tags beyond these are taken off: runs that began under one are long over
kept=20

served=$(run gcloud storage cat "$history_file" 2>/dev/null || true)
[ -z "${DRY_RUN:-}" ] || { printf '%s\n' "$served"; served=v00000000; }
before=$(printf '%s\n' "$served" | head -n 1)

send() {
  run gcloud run services update-traffic "$2" --project="$PROJECT_ID" --region="$REGION" --to-tags="$1=100" --quiet
}

back() {
  printf 'spool: not every function could be switched to %s\n' "$tag" >&2
  if [ -n "$before" ]; then each_function try_back; fi
  exit 1
}
try_back() { send "$before" "$1" || printf 'spool: %s did not go back to %s\n' "$1" "$before" >&2; }
forward() { send "$tag" "$1" || back; }

each_function forward

{
  printf '%s\n' "$tag"
  printf '%s\n' "$served" | grep -vx -e "$tag" -e '' || true
} | head -n "$kept" | run gcloud storage cp - "$history_file" --quiet

old=$(printf '%s\n' "$served" | sed -n "${kept}p")
forget() {
  run gcloud run services update-traffic "$1" --project="$PROJECT_ID" --region="$REGION" --remove-tags="$old" --quiet || true
}
if [ -n "$old" ] && [ "$old" != "$tag" ]; then each_function forget; fi
