#!/usr/bin/env bash
# Gives every queue the limits that the catalogue says, and makes those that are new.
# shellcheck source=deploy/lib.sh
. "$(dirname -- "$0")/../lib.sh"

set_queue() {
  local how=create
  if exists gcloud tasks queues describe "$1" --project="$PROJECT_ID" --location="$REGION"; then how=update; fi
  run gcloud tasks queues "$how" "$1" \
    --project="$PROJECT_ID" \
    --location="$REGION" \
    --max-concurrent-dispatches="$2" \
    --max-dispatches-per-second="$3" \
    --max-attempts="$4" \
    --min-backoff="$5s" \
    --max-backoff="$6s" \
    --max-doublings="$7" \
    --log-sampling-ratio=1.0 \
    --quiet
}

each_queue set_queue
