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

if [ -n "${DRY_RUN:-}" ]; then
  run gcloud storage cat "$history_file"
  served=v00000000
else
  served=$(gcloud storage cat "$history_file" 2>/dev/null || true) # none before the first deploy
fi
before=$(sed -n 1p <<<"$served")

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

history=$(printf '%s\n' "$tag"; grep -vx -e "$tag" -e '' <<<"$served" || true)
run gcloud storage cp - "$history_file" --quiet <<<"$(sed -n "1,${kept}p" <<<"$history")"

old=$(sed -n "$((kept + 1))p" <<<"$history")
forget() {
  run gcloud run services update-traffic "$1" --project="$PROJECT_ID" --region="$REGION" --remove-tags="$old" --quiet || true
}
if [ -n "$old" ]; then each_function forget; fi
